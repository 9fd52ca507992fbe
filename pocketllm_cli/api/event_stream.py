"""Server-sent events out of bytes, however the network cuts them.

Only CR, LF and CRLF end a line. `str.splitlines` would also cut at U+2028 and U+0085, which may
stand inside a JSON string.
Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_MOST_BYTES: Final = 16 * 1024 * 1024


class StreamTooLarge(Exception):
    """One event is larger than any of ours can be."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name, its data, and its id where it has one."""

    name: str
    data: str
    id: str | None = None


class EventStream:
    """Decodes a stream, fed piece by piece. An event that was not ended by a blank line is none."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._id: str | None = None
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Return the events that are complete now.

        Raises:
            StreamTooLarge: A line does not end.
        """
        text = self._rest + piece
        lines: list[bytes] = []
        start = 0
        for end in _LINE_END.finditer(text):
            if end.group() == b"\r" and end.end() == len(text):
                break  # its LF may come with the next piece
            lines.append(text[start : end.start()])
            start = end.end()
        self._rest = text[start:]
        if len(self._rest) > _MOST_BYTES:
            raise StreamTooLarge
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._complete()
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        elif field == "id":
            self._id = value
        return None

    def _complete(self) -> ServerEvent | None:
        name, event_id, data = self._name or "message", self._id, self._data
        self._name, self._id, self._data = "", None, []
        return ServerEvent(name, "\n".join(data), event_id) if data else None
