"""Lines of JSON (NDJSON) from bytes, without any I/O.

Source: https://github.com/ndjson/ndjson-spec. A line ends at LF only: U+2028 and U+0085, which
text helpers take for line ends too, may stand inside JSON.
"""

import orjson

from backend_functions.errors import ProviderError

_MAX_LINE_BYTES = 4 * 1024 * 1024


class LineDecoder:
    """Feed it pieces of any size; it returns the lines that they complete."""

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def holds_json(self) -> bool:
        """Whether what is pending is a whole text that only lacks its line end."""
        try:
            orjson.loads(self._pending)
        except orjson.JSONDecodeError:
            return False
        return True

    def feed(self, piece: bytes) -> list[bytes]:
        """Return every line completed by this piece that is not blank, in order.

        Raises:
            ProviderError: A line grows past 4 MiB.
        """
        *lines, rest = piece.split(b"\n")
        if lines and self._pending:
            lines[0] = bytes(self._pending) + lines[0]
            self._pending.clear()
        self._pending += rest
        if len(self._pending) > _MAX_LINE_BYTES:
            raise ProviderError(detail="a line of the stream is too long")
        return [line for line in lines if line and not line.isspace()]
