"""`/realtime/v1`: the WebSocket, and broadcasts by HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from backend_functions.access import ApiKeys, TokenVerifier, identify_key
from backend_functions.db.pool import Database
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.realtime.connection import Connection
from backend_functions.gateway.realtime.http_broadcast import HttpBroadcast
from backend_functions.gateway.realtime.hub import Hub
from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.members import Visitor
from backend_functions.gateway.realtime.phoenix import Version
from backend_functions.gateway.realtime.visit import Visit

log = structlog.get_logger(__name__)

_VERSIONS: dict[str, Version] = {"1.0.0": "1.0.0", "2.0.0": "2.0.0"}


@dataclass(slots=True)
class Realtime:
    """The service: its routes, and what runs behind them."""

    hub: Hub
    verifier: TokenVerifier
    keys: ApiKeys
    _socket_count: int = 0

    @classmethod
    def build(
        cls,
        database: Database,
        feed_url: str,
        verifier: TokenVerifier,
        keys: ApiKeys,
        limits: RealtimeLimits | None = None,
    ) -> "Realtime":
        """Make it; nothing connects before somebody joins a channel.

        Args:
            feed_url: A login of the same database with the right to replicate.
        """
        return cls(Hub(database, feed_url, limits or RealtimeLimits()), verifier, keys)

    def routes(self) -> Mount:
        """Return the routes."""
        by_http = HttpBroadcast(self.hub, self.verifier, self.keys)
        return Mount(
            "/realtime/v1",
            routes=[
                WebSocketRoute("/websocket", self._serve),
                Route("/api/broadcast", by_http.many, methods=["POST"]),
                Route(
                    "/api/broadcast/{topic:path}/events/{event:path}",
                    by_http.one,
                    methods=["POST"],
                ),
            ],
        )

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Stop reading changes at the end."""
        try:
            yield
        finally:
            await self.hub.stop()

    async def _serve(self, websocket: WebSocket) -> None:
        key = read_key(websocket.query_params, websocket.headers)
        version = _VERSIONS.get(websocket.query_params.get("vsn", "1.0.0"))
        try:
            visitor = Visitor(identify_key(key, self.keys), key or "", self.verifier)
        except NotAuthenticated as error:
            message = "API key is missing" if key is None else error.message
            return await _deny(websocket, 401, message)
        if version is None:
            return await _deny(websocket, 400, "This version of the protocol is not supported")
        if self._socket_count >= self.hub.limits.max_sockets:
            return await _deny(websocket, 429, "Too many connected users")
        self._socket_count += 1
        try:
            await websocket.accept()
            connection = Connection(websocket, version, self.hub.limits)
            await Visit(connection, visitor, self.hub).run()
        finally:
            self._socket_count -= 1


def read_key(query: Mapping[str, str], headers: Headers) -> str | None:
    """Return the API key of a connection, which browsers can only put into the address."""
    return headers.get("x-api-key") or headers.get("apikey") or query.get("apikey")


async def _deny(websocket: WebSocket, status: int, message: str) -> None:
    await websocket.send_denial_response(JSONResponse({"error": message}, status))
