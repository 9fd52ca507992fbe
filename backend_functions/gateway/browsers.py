"""Lets pages of any origin call the gateway, as Supabase's own gateway does.

What protects an account is its token, which no browser sends by itself: there are no cookies here,
so a foreign page can do no more than any program that knows no key.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SERVICES = ("/auth/v1/", "/rest/v1/", "/storage/v1/", "/functions/v1/")
_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"
_EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, ETag, Link, Location,"
    " Preference-Applied, Proxy-Status, Range-Unit, Retry-After, X-Sb-Error-Code,"
    " X-Supabase-Api-Version, X-Total-Count"
)
_MAX_AGE_SECONDS = "3600"


class ForBrowsers:
    """Answers preflights and says on every other answer that any origin may read it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_SERVICES):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "origin" not in headers:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _answer_preflight(headers, send)
        else:
            await self._app(scope, receive, _readable_by_all(send))


async def _answer_preflight(headers: Headers, send: Send) -> None:
    answer = MutableHeaders()
    answer["access-control-allow-origin"] = "*"
    answer["access-control-allow-methods"] = _METHODS
    answer["access-control-max-age"] = _MAX_AGE_SECONDS
    answer["content-length"] = "0"
    if wanted := headers.get("access-control-request-headers"):
        answer["access-control-allow-headers"] = wanted
        answer["vary"] = "Access-Control-Request-Headers"
    await send({"type": "http.response.start", "status": 200, "headers": answer.raw})
    await send({"type": "http.response.body", "body": b""})


def _readable_by_all(send: Send) -> Send:
    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = _EXPOSED
        await send(message)

    return send_readable
