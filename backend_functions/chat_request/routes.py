"""`/functions/v1/chat-request`: ask, take up again, cancel."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from backend_functions.access import read_bearer
from backend_functions.chat_request.ask import Asker
from backend_functions.chat_request.body import ChatRequestBody
from backend_functions.chat_request.stream import EventStream
from backend_functions.errors import InvalidRequest, ServiceError, Unavailable
from backend_functions.http import Json, json_body
from backend_functions.open_streams import OpenStreams
from backend_functions.types import Caller


def chat_request_routes(
    asker: Asker, streams: OpenStreams, identify: Callable[[Request], Awaitable[Caller]]
) -> APIRouter:
    """Return the route; `identify` gives the signed-in user or raises NotAuthenticated."""
    router = APIRouter(prefix="/functions/v1/chat-request", tags=["chat request"])
    read_body = json_body(ChatRequestBody, max_bytes=asker.limits.max_body_bytes)

    async def hold_stream(caller: Annotated[Caller, Depends(identify)]) -> AsyncIterator[None]:
        """Count a reader from before anything is saved until its response has ended, however."""
        assert caller.user_id is not None, "a verified token names its user"
        with streams.hold(caller.user_id):
            yield

    reads_along = [Depends(hold_stream)]

    @router.post("", openapi_extra=_BODY, dependencies=reads_along)
    async def ask(
        request: Request,
        caller: Annotated[Caller, Depends(identify)],
        body: Annotated[ChatRequestBody, Depends(read_body)],
    ) -> Response:
        """Ask in a chat, and answer with the model's message or with events as it is written."""
        token = read_bearer(request.headers)
        assert token is not None, "the caller was identified by it"
        answer = await asker.ask(caller, body, token)
        if wants_stream(request, body.stream):
            return EventStream(answer.read())
        return _plain(await answer.finished())

    @router.get("/{answer_id}", dependencies=reads_along)
    async def resume(
        answer_id: UUID, request: Request, caller: Annotated[Caller, Depends(identify)]
    ) -> Response:
        """Take up an answer, after the character offset of `Last-Event-ID`."""
        after = _offset(request.headers.get("last-event-id", "0"))
        answer = await asker.attach(caller, answer_id)
        if wants_stream(request, None):
            return EventStream(answer.read(after))
        return _plain(await answer.finished())

    @router.post("/{answer_id}/cancel")
    async def cancel(answer_id: UUID, caller: Annotated[Caller, Depends(identify)]) -> Response:
        """Stop an answer and return what there is of it."""
        return Json(await asker.cancel(caller, answer_id))

    return router


def _offset(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise InvalidRequest("Last-Event-ID must be a character offset.")
    return int(text)


def wants_stream(request: Request, told: bool | None) -> bool:
    """What the body tells decides; where it says nothing, the Accept header."""
    if told is not None:
        return told
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
