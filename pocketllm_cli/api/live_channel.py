"""One connection to Realtime and the one channel on it that tells of changes.

Our own few lines of the Phoenix protocol over `websockets`, which the client has anyway, and not
the package `realtime`: that one gives up after five tries in a task nobody waits for, and importing
it takes three times as long.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pocketllm_cli.contexts import is_local
from pocketllm_cli.errors import BackendProblem
from pocketllm_cli.models import Endpoint

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_TOPIC: Final = "realtime:pocketllm"
_HEARTBEAT_SECONDS: Final = 25.0
_OPEN_SECONDS: Final = 10.0
_PING_SECONDS: Final = 20.0
_PONG_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 3.0
_MAX_FRAME_BYTES: Final = 8 * 1024 * 1024
_NOT_TAKEN: Final = ("InvalidJWTToken", "JwtSignatureError", "MalformedJWT")
_KEY_REFUSED: Final = (401, 403)


class ChannelLost(Exception):
    """The connection ended, or could not be made; another try may succeed."""


class TokenNotTaken(ChannelLost):
    """The backend wants another access token."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Changes of one table that somebody wants to hear of.

    Args:
        filter: A condition such as `chat_id=eq.…`; None for all rows of the person's own.
    """

    table: str
    event: str = "*"
    filter: str | None = None

    def as_binding(self) -> dict[str, str]:
        """Return it as the protocol has it."""
        binding = {"event": self.event, "schema": "public", "table": self.table}
        return binding if self.filter is None else {**binding, "filter": self.filter}


class LiveChannel:
    """A joined channel."""

    def __init__(self, socket: "ClientConnection") -> None:
        self._socket = socket
        self._references = count(1)

    async def join(self, watches: Sequence[Watch], token: str) -> None:
        """Ask for the changes; whether they flow is told by `frames`."""
        bindings = [watch.as_binding() for watch in watches]
        config = {"config": {"postgres_changes": bindings}, "access_token": token}
        await self._send(_TOPIC, "phx_join", config)

    async def renew(self, token: str) -> None:
        """Go on with another access token."""
        await self._send(_TOPIC, "access_token", {"access_token": token})

    async def keep_alive(self) -> None:
        """Send a heartbeat now and then, until cancelled or the connection ends."""
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(_HEARTBEAT_SECONDS)
                await self._send("phoenix", "heartbeat", {})

    async def changes(self) -> AsyncGenerator[dict[str, Any] | None, None]:
        """Yield None whenever changes begin to flow, and the data of each change.

        Raises:
            TokenNotTaken: Another token is needed.
            ChannelLost: The connection ended.
            BackendProblem: What was asked for cannot be followed.
        """
        from websockets.exceptions import ConnectionClosed

        try:
            async for text in self._socket:
                event, payload = _parse(text)
                if event == "postgres_changes":
                    yield payload["data"]
                elif event == "system" and payload.get("extension") == "postgres_changes":
                    if payload.get("status") != "ok":
                        raise _failure(str(payload.get("message")))
                    yield None
                elif event == "phx_reply" and payload.get("status") == "error":
                    raise _failure(str(payload.get("response", {}).get("reason")))
                elif event in ("phx_close", "phx_error"):
                    raise TokenNotTaken("the channel was closed")
        except ConnectionClosed as error:
            raise ChannelLost(str(error)) from error
        raise ChannelLost("the backend closed the connection")

    async def _send(self, topic: str, event: str, payload: dict[str, Any]) -> None:
        ref = str(next(self._references))
        frame = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": "1"}
        await self._socket.send(json.dumps(frame))


@asynccontextmanager
async def open_channel(endpoint: Endpoint) -> AsyncIterator[LiveChannel]:
    """Connect to a backend's Realtime.

    Raises:
        ChannelLost: No connection.
        BackendProblem: The backend does not take the publishable key.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

    url = f"{endpoint.url.replace('http', 'ws', 1)}/realtime/v1/websocket"
    is_here = is_local(endpoint.url)
    try:
        socket = await connect(
            f"{url}?apikey={quote(endpoint.publishable_key)}&vsn=1.0.0",
            open_timeout=_OPEN_SECONDS,
            # A network that lets nothing through ends no connection: only silence tells.
            ping_interval=_PING_SECONDS,
            ping_timeout=_PONG_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_size=_MAX_FRAME_BYTES,
            compression=None if is_here else "deflate",
            proxy=None if is_here else True,
        )
    except InvalidStatus as error:
        if error.response.status_code in _KEY_REFUSED:
            raise BackendProblem("The backend does not take this context's key.") from error
        raise ChannelLost(f"status {error.response.status_code}") from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise ChannelLost(type(error).__name__) from error
    try:
        yield LiveChannel(socket)
    except ConnectionClosed as error:
        raise ChannelLost(str(error)) from error
    finally:
        try:
            await socket.close()
        finally:  # also when whoever closes it is cancelled
            socket.transport.abort()


def _parse(text: str | bytes) -> tuple[str, dict[str, Any]]:
    try:
        frame = json.loads(text)
        return str(frame["event"]), dict(frame["payload"])
    except (ValueError, TypeError, KeyError) as error:
        raise ChannelLost("the backend sent what is no frame") from error


def _failure(reason: str) -> Exception:
    if reason.startswith(_NOT_TAKEN):
        return TokenNotTaken(reason)
    if reason.startswith("Unable to subscribe"):
        return BackendProblem("The backend does not tell of these changes.")
    return ChannelLost(reason)
