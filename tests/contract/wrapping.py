"""What a suite's clients leave out or call otherwise, put right before the gateway sees it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.contract.constants import PUBLISHABLE_KEY


def with_public_key(app: ASGIApp) -> ASGIApp:
    """Return the app for clients that may send no apikey: they count as having the public one."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        is_keyless = scope["type"] in ("http", "websocket") and not _has_key(scope)
        # Storage alone takes requests without a key, and says so itself.
        if is_keyless and not scope["path"].startswith("/storage/"):
            headers = [*scope["headers"], (b"apikey", PUBLISHABLE_KEY.encode())]
            scope = {**scope, "headers": headers}
        await app(scope, receive, send)

    return wrapped


def at_root_of(app: ASGIApp, root: str) -> ASGIApp:
    """Return the app with everything below `root` where clients look for it: below `/`."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            raw_path = root.encode() + scope.get("raw_path", scope["path"].encode())
            scope = {**scope, "path": root + scope["path"], "raw_path": raw_path}
        await app(scope, receive, send)

    return wrapped


def _has_key(scope: Scope) -> bool:
    in_query = b"apikey=" in scope["query_string"]
    return in_query or any(name == b"apikey" for name, _ in scope["headers"])
