"""HTTP/1.1 with bounds on what comes before an app is asked: connections, heads, and slow ones.

Uvicorn over httptools has none of these: it gathers a header of any length, waits for it for ever,
and takes connections until the process may open no more files.
"""

import re
from asyncio import BaseTransport, TimerHandle
from http import HTTPStatus
from typing import ClassVar, cast
from uuid import uuid4

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A name or an address, and a port: nothing that a URL built from it would take for a path.
_HOST = re.compile(rb"[\w.~!$&'()*+,;=%:\[\]-]*", re.ASCII)
_LINGER_SECONDS = 1.0
"""A refusal would be lost if the connection were closed at once on a client that still sends."""


class HeadRefused(Exception):
    """Stops the parser in the midst of a head."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. A request's head is its request line and its headers."""

    max_target_bytes: ClassVar[int] = 16 * 1024
    """Lists of ids stand there, as clients of the data API send them."""
    max_header_bytes: ClassVar[int] = 8 * 1024
    """Of all headers together."""
    max_headers: ClassVar[int] = 100
    head_seconds: ClassVar[float] = 10.0
    """For a whole head, from the connection or, on one that is kept, from its first byte."""
    max_connections: ClassVar[int] = 4000

    _is_in_head = False
    _is_refused = False
    _refusal: HTTPStatus | None = None
    _header_bytes = 0
    _unfinished_bytes = 0
    _watch: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.max_connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._watch = self.loop.call_later(self.head_seconds, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that goes on too long."""
        if self._is_refused:
            return
        self._unfinished_bytes += len(data)  # a head that begins in this piece sets it to 0
        super().data_received(data)
        most = self.max_target_bytes + self.max_header_bytes
        if self._is_in_head and self._unfinished_bytes > most:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._watch_unless_busy()

    def _watch_unless_busy(self) -> None:
        is_upgraded = self not in self.connections
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if self._is_refused or is_upgraded or (is_busy and not self._is_in_head):
            self._stop_watching()
        elif self._watch is None and not self.transport.is_closing():
            self._watch = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._is_in_head = True
        self._header_bytes = self._unfinished_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request line."""
        super().on_url(url)
        if len(self.url) > self.max_target_bytes:
            self._stop(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value) + len(": \r\n")
        if self._header_bytes > self.max_header_bytes or len(self.headers) > self.max_headers:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Hand the request on, if it names its host once and in a form that names can have.

        Source: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
        """
        hosts = [value for name, value in self.headers if name == b"host"]
        is_old = self.parser.get_http_version() == "1.0"
        if not (hosts or is_old) or len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
            self._stop(HTTPStatus.BAD_REQUEST)
        self._is_in_head = False
        super().on_headers_complete()

    def _stop(self, refusal: HTTPStatus) -> None:
        self._refusal = refusal
        raise HeadRefused

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be parsed, or what we stopped the parser at."""
        self._refuse(self._refusal or HTTPStatus.BAD_REQUEST)

    def _give_up(self) -> None:
        self._watch = None
        if self._is_in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer and close; in the midst of another response, only close."""
        self._is_refused = True
        self._stop_watching()
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        self.transport.write(render_refusal(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.abort)


_CODES_AND_MESSAGES = {
    HTTPStatus.BAD_REQUEST: ("invalid_request", "This is no HTTP request."),
    HTTPStatus.REQUEST_TIMEOUT: ("too_slow", "The request's headers came too slowly."),
    HTTPStatus.REQUEST_URI_TOO_LONG: ("too_large", "The request's address is too long."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "too_large",
        "The request's headers are too large.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "unavailable",
        "The server has too many connections. Try again in a moment.",
    ),
}


def render_refusal(status: HTTPStatus) -> bytes:
    """Return a whole response in the shape of our functions' errors, after which we close."""
    code, message = _CODES_AND_MESSAGES[status]
    request_id = uuid4().hex
    error = {"code": code, "message": message, "request_id": request_id}
    body = orjson.dumps({"error": error})
    retry = "retry-after: 5\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n{retry}"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


def bounded_http(max_connections: int) -> type[BoundedHttp]:
    """Return the protocol for `uvicorn.Config(http=…)`, for so many connections at once."""
    made = type("BoundedHttp", (BoundedHttp,), {"max_connections": max_connections})
    return cast(type[BoundedHttp], made)
