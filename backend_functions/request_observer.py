"""What every request gets, whoever answers it: an id, a count, and an answer in any case."""

import re
import time
from collections.abc import Awaitable
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_functions.errors import ServiceError
from backend_functions.http import error_response, route_of
from backend_functions.metrics import Metrics

log = structlog.get_logger(__name__)

_GOOD_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")


class RequestObserver:
    """Gives each request an id that stands in the response, in the log and in error bodies.

    It looks at the message that begins a response and hands on all others as they are, so that a
    stream costs no more for being observed.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what nobody foresaw is answered and logged here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _choose_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began, status = time.monotonic(), 0

        def send_observed(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.note_request(route_of(scope), scope["method"], status)
                headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            return send(message)

        try:
            await self._app(scope, receive, send_observed)
        except ClientDisconnect:
            log.info("the client left", route=route_of(scope))
        except Exception as error:  # the last resort of every route
            log.error("unexpected", route=route_of(scope), exc_info=error)
            if not status:
                await error_response(ServiceError(), request_id)(scope, receive, send_observed)
        log.debug(
            "request",
            route=route_of(scope),
            method=scope["method"],
            status=status,
            milliseconds=round((time.monotonic() - began) * 1000),
        )


def _choose_id(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _GOOD_ID.fullmatch(given[0]):
        return str(given[0].decode())
    return uuid4().hex
