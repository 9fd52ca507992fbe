"""`POST /functions/v1/chat-request`."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from backend_functions.chat_request.ask import Asker
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.stream import EventStream
from backend_functions.errors import ServiceError, Unavailable
from backend_functions.http import Json, json_body
from backend_functions.types import Caller


def chat_request_routes(
    asker: Asker, identify: Callable[[Request], Awaitable[Caller]]
) -> APIRouter:
    """Return the route; `identify` gives the signed-in user or raises NotAuthenticated."""
    router = APIRouter(prefix="/functions/v1/chat-request", tags=["chat request"])
    read_body = json_body(ChatRequestBody, max_bytes=asker.limits.max_body_bytes)

    @router.post("", openapi_extra=_BODY)
    async def ask(
        request: Request,
        caller: Annotated[Caller, Depends(identify)],
        body: Annotated[ChatRequestBody, Depends(read_body)],
    ) -> Response:
        answer = await asker.ask(caller, body)
        if wants_stream(request, body):
            return EventStream(answer.read())
        await answer.finished()
        return _plain(answer.row)

    return router


def wants_stream(request: Request, body: ChatRequestBody) -> bool:
    """The body decides; where it says nothing, the Accept header."""
    if body.stream is not None:
        return body.stream
    return "text/event-stream" in request.headers.get("accept", "")


def _plain(row: Any) -> Json:
    """Answer with the message, or with the error under which it is stored."""
    if row is None:
        raise Unavailable("The answer could not be saved.")
    if (failure := row["metadata"].get("error")) is not None:
        raise _stored_failure(failure)
    return Json(row)


def _stored_failure(failure: Mapping[str, str]) -> ServiceError:
    kinds = {kind.code: kind for kind in _all_kinds(ServiceError)}
    return kinds.get(failure["code"], ServiceError)(failure["message"])


def _all_kinds(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _all_kinds(narrower)


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ChatRequestBody.model_json_schema()}},
    }
}
