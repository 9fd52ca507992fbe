"""Broadcasts by HTTP, for those who only want to say something."""

from typing import Any

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend_functions.access import ApiKeys, TokenVerifier, identify_gateway_caller
from backend_functions.errors import ServiceError, TooLarge, TooSlow
from backend_functions.gateway.realtime.authorization import rights_to_write
from backend_functions.gateway.realtime.hub import Hub
from backend_functions.gateway.realtime.phoenix import Binary
from backend_functions.http import read_whole
from backend_functions.types import Caller

_MAX_MESSAGES = 100


class _Refused(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(status)


class HttpBroadcast:
    """The two endpoints. What may not be said in a private channel is dropped, not refused: that
    is how the real service does it, and it tells nobody which channels there are."""

    def __init__(self, hub: Hub, verifier: TokenVerifier, keys: ApiKeys) -> None:
        self._hub = hub
        self._verifier = verifier
        self._keys = keys

    async def many(self, request: Request) -> Response:
        """Send the messages of a body `{"messages": [{topic, event, payload, private}]}`."""
        try:
            caller = await self._identify(request)
            body = await self._read(request)
            try:
                parsed = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                raise _Refused(400, {"error": "Bad Request"}) from error
            for message in _messages(parsed):
                await self._send(caller, **message)
        except _Refused as refused:
            return _render(refused)
        return Response(status_code=202)

    async def one(self, request: Request) -> Response:
        """Send the body, JSON or any bytes, as one message."""
        try:
            caller = await self._identify(request)
            body = await self._read(request)
            kind = request.headers.get("content-type", "").partition(";")[0].strip()
            if kind == "application/octet-stream":
                payload: Any = Binary(body)
            elif kind == "application/json":
                try:
                    payload = orjson.loads(body)
                except orjson.JSONDecodeError as error:
                    raise _Refused(400, {"error": "Bad Request"}) from error
            else:
                raise _Refused(415, {"error": "Unsupported Media Type"})
            await self._send(
                caller,
                topic=request.path_params["topic"],
                event=request.path_params["event"],
                payload=payload,
                is_private=request.query_params.get("private") == "true",
            )
        except _Refused as refused:
            return _render(refused)
        return Response(status_code=202)

    async def _identify(self, request: Request) -> Caller:
        try:
            return await identify_gateway_caller(request.headers, self._verifier, self._keys)
        except ServiceError as error:
            raise _Refused(error.status, {"message": error.message}) from error

    async def _read(self, request: Request) -> bytes:
        try:
            return await read_whole(request, self._hub.limits.max_frame_bytes)
        except TooLarge as error:
            raise _Refused(413, {"error": "Payload size exceeds tenant limit"}) from error
        except TooSlow as error:
            raise _Refused(408, {"error": error.message}) from error

    async def _send(
        self, caller: Caller, topic: str, event: str, payload: Any, is_private: bool
    ) -> None:
        if is_private and not await self._may_send(caller, topic):
            return
        message = {"type": "broadcast", "event": event, "payload": payload}
        self._hub.broadcast((topic, is_private), message)

    async def _may_send(self, caller: Caller, topic: str) -> bool:
        try:
            rights = await rights_to_write(self._hub.database, caller, topic, ("broadcast",))
        except (ServiceError, psycopg.Error):
            return False
        return bool(rights)


def _render(refused: _Refused) -> JSONResponse:
    headers = {"connection": "close"} if refused.status == 408 else None
    return JSONResponse(refused.body, refused.status, headers)


def _messages(parsed: Any) -> list[dict[str, Any]]:
    given = parsed.get("messages") if isinstance(parsed, dict) else None
    if not isinstance(given, list) or not given:
        raise _Refused(422, {"errors": {"messages": ["can't be blank"]}})
    if len(given) > _MAX_MESSAGES:
        raise _Refused(
            429, {"message": "Too many messages to broadcast, please reduce the batch size"}
        )
    return [_message(one) for one in given]


def _message(given: Any) -> dict[str, Any]:
    message = given if isinstance(given, dict) else {}
    missing = [
        name
        for name, kind in (("topic", str), ("event", str), ("payload", dict))
        if not isinstance(message.get(name), kind)
    ]
    if missing:
        blank = {name: ["can't be blank"] for name in missing}
        raise _Refused(422, {"errors": {"messages": [blank]}})
    return {
        "topic": message["topic"],
        "event": message["event"],
        "payload": message["payload"],
        "is_private": message.get("private") is True,
    }
