"""Refuses secret keys to browsers, as Supabase's own gateway does: one in a page has leaked.

Source: https://supabase.com/docs/guides/api/api-keys (secret keys and the User-Agent header)
"""

from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from backend_functions.access import CHALLENGE

_BEGINNING = "sb_secret_"
_BROWSER = "mozilla/"
"""What the User-Agent of every browser says somewhere, and of no client for servers."""
_REFUSAL = {
    "message": "Forbidden use of secret API key in browser",
    "hint": (
        "Secret API keys can only be used in a protected environment and should never be used in a"
        " browser. Delete this secret API key immediately."
    ),
}


class NoSecretKeysInBrowsers:
    """Answers 401 to a browser that shows a secret key, a good one or not, for all services."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] not in ("http", "websocket") or not _is_leaked(scope):
            await self._app(scope, receive, send)
            return
        refusal = JSONResponse(_REFUSAL, 401, CHALLENGE)
        if scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).send_denial_response(refusal)


def _is_leaked(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if _BROWSER not in headers.get("user-agent", "").lower():
        return False
    shown = [*headers.getlist("apikey"), *headers.getlist("x-api-key")]
    shown += [value.partition(" ")[2].strip() for value in headers.getlist("authorization")]
    shown += parse_qs(scope["query_string"].decode("latin-1")).get("apikey", [])
    return any(key.startswith(_BEGINNING) for key in shown)
