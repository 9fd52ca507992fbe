"""The edges of every function: a bounded JSON body in, JSON or our error shape out."""

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Annotated, Any, TypeVar

import orjson
import structlog
from fastapi import Response
from pydantic import BaseModel, StringConstraints, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.types import Scope

from backend_functions.errors import (
    InvalidRequest,
    NotFound,
    ServiceError,
    TooLarge,
    TooSlow,
    Unavailable,
    Unsupported,
    WrongMethod,
)

log = structlog.get_logger(__name__)

Model = TypeVar("Model", bound=BaseModel)

_MAX_BODY_SECONDS = 120.0


class Json(StarletteResponse):
    """A JSON response; knows UUIDs, times and dataclasses."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode with orjson."""
        return orjson.dumps(content)


def json_body(model: type[Model], *, max_bytes: int) -> Callable[[Request], Awaitable[Model]]:
    """Return a dependency that reads and validates a request's JSON.

    Raises (in the dependency):
        Unsupported: Another content type, or a compressed body.
        TooLarge: More than `max_bytes`.
        TooSlow: It does not come to its end.
        InvalidRequest: Not JSON, or not what the model asks for.
    """

    async def read(request: Request) -> Model:
        raw = await read_bounded(request, max_bytes)
        try:
            return model.model_validate(orjson.loads(raw))
        except orjson.JSONDecodeError as error:
            raise InvalidRequest("The body is not valid JSON.") from error
        except ValidationError as error:
            raise InvalidRequest(_first_problem(error)) from error

    return read


async def read_bounded(request: Request, max_bytes: int) -> bytes:
    """Return the body, which must be plain JSON of at most `max_bytes` and come in two minutes."""
    headers = request.headers
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Unsupported
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Unsupported
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > max_bytes:
        raise TooLarge
    return await read_whole(request, max_bytes)


async def read_whole(request: Request, max_bytes: int) -> bytes:
    """Return the body, whatever it is.

    Raises:
        TooLarge: More than `max_bytes`.
        TooSlow: It does not come to its end in two minutes; the connection is to be closed.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_MAX_BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > max_bytes:
                    raise TooLarge
    except TimeoutError as error:
        raise TooSlow from error
    return bytes(body)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, problem["loc"])) or "the body"
    return f"{place}: {problem['msg']}."


def request_id_of(scope: Scope) -> str:
    """Return the id under which a request is logged; `RequestObserver` gives it."""
    return str(scope["state"]["request_id"])


def route_of(scope: Scope) -> str:
    """Return the template of the route that takes a request, never the path itself."""
    path = getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{path}" if path is not None else "unmatched"


def error_response(error: ServiceError, request_id: str) -> Json:
    """Render a failure in the shape of our functions."""
    headers = {}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status == 408:
        headers["connection"] = "close"
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(max(ceil(error.retry_after_seconds), 1))
    body = {"code": error.code, "message": error.message, "request_id": request_id}
    return Json({"error": body}, status_code=error.status, headers=headers)


async def answer_service_error(request: Request, error: Exception) -> Response:
    """Answer with a failure we know; what only we may see goes to the log."""
    assert isinstance(error, ServiceError)
    log.info("refused", code=error.code, detail=error.detail_for_log, route=route_of(request.scope))
    return error_response(error, request_id_of(request.scope))


async def answer_unrouted(request: Request, error: Exception) -> Response:
    """Answer what no route takes, in our shape: no such address, or not by this method."""
    assert isinstance(error, HTTPException)
    failure = WrongMethod() if error.status_code == WrongMethod.status else NotFound()
    response = await answer_service_error(request, failure)
    response.headers.update(error.headers or {})  # a wrong method is told the right ones
    return response


async def answer_database_trouble(request: Request, error: Exception) -> Response:
    """Answer while the database is away or too busy: trying again shortly may help."""
    return await answer_service_error(request, Unavailable(detail=str(error)))


def no_nul(text: str) -> str:
    """Refuse U+0000, which PostgreSQL cannot store."""
    if "\0" in text:
        raise ValueError("must not contain the character U+0000")
    return text


Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", strip_whitespace=True)]
"""Text of one line: no control characters, so nothing can be slipped into a header."""
