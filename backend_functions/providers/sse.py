"""Server-sent events from bytes, without any I/O.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
Works on bytes, so a line ends at CR, LF or CRLF only: U+2028 and U+0085, which text helpers take
for line ends too, may stand inside JSON.
"""

from backend_functions.errors import ProviderError

_BOM = b"\xef\xbb\xbf"
_CR = 0x0D
_MAX_PENDING_BYTES = 4 * 1024 * 1024


class SSEDecoder:
    """Feed it pieces of any size; it returns the data of each event that they complete.

    Names of events, ids and retry times are not kept: none of our providers needs them to be
    understood (Anthropic's data repeats the name).
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._is_start = True

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event completed by this piece, in order.

        Raises:
            ProviderError: A line or an event grows past 4 MiB.
        """
        if self._pending or self._is_start:
            self._pending += piece
            if not self._holds_whole_line(piece):
                self._refuse_long_line()
                return []
            text = bytes(self._pending)
            self._pending.clear()
            if self._is_start:
                text, self._is_start = text.removeprefix(_BOM), False
        else:
            text = piece
        if b"\r" in text:
            # A CR at the very end may be half of a CRLF: it waits for the next piece.
            held = b"\r" if text.endswith(b"\r") else b""
            text = text.removesuffix(held) if held else text
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        *lines, rest = text.split(b"\n")
        if rest or held:
            self._pending += rest + held
            self._refuse_long_line()
        return self._take(lines)

    def _holds_whole_line(self, piece: bytes) -> bool:
        """Tell whether the pending bytes, which end with this piece, have an end of line.

        Only the piece is looked at, and the one CR that may wait before it: looking at all that
        is pending with each piece would take time that is quadratic in the length of a line.
        """
        before = len(self._pending) - len(piece)
        has_held_cr = before > 0 and self._pending[before - 1] == _CR
        return has_held_cr or b"\n" in piece or b"\r" in piece

    def _refuse_long_line(self) -> None:
        if len(self._pending) > _MAX_PENDING_BYTES:
            raise ProviderError(detail="a line of the stream is too long")

    def _take(self, lines: list[bytes]) -> list[bytes]:
        events, data = [], self._data
        for line in lines:
            if not line:
                if data:
                    events.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
                    self._data_bytes = 0
            elif line.startswith(b"data:") or line == b"data":
                value = line[6:] if line[5:6] == b" " else line[5:]
                self._data_bytes += len(value) + 1  # an endless run of empty lines counts too
                if self._data_bytes > _MAX_PENDING_BYTES:
                    raise ProviderError(detail="an event of the stream is too long")
                data.append(value)
        return events
