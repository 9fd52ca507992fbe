"""`/storage/v1`: which request goes where, and every failure in Storage's shape."""

import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from backend_functions.errors import ServiceError
from backend_functions.gateway.storage import (
    bucket_routes,
    listing_routes,
    reading_routes,
    signing_routes,
    writing_routes,
)
from backend_functions.gateway.storage.asked import Answer, Asked, Served
from backend_functions.gateway.storage.errors import (
    StorageError,
    from_postgres,
    from_service,
    respond_with_error,
    unavailable,
)

log = structlog.get_logger(__name__)

# Every method is routed, so that an unknown one is refused in the shape of this service.
_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"]

_OBJECT = "{bucket}/{name:path}"


def _read(answer: Answer) -> dict[str, Answer]:
    return {"GET": answer, "HEAD": answer}


# From the special to the general: `sign`, `public` and the like can be no bucket here.
_ROUTES: list[tuple[str, dict[str, Answer]]] = [
    ("/bucket", {"GET": bucket_routes.list_all, "POST": bucket_routes.create}),
    ("/bucket/{bucket}/empty", {"POST": bucket_routes.empty}),
    (
        "/bucket/{bucket}",
        {
            "GET": bucket_routes.get,
            "PUT": bucket_routes.update,
            "DELETE": bucket_routes.delete,
        },
    ),
    ("/object/list/{bucket}", {"POST": listing_routes.list_objects}),
    ("/object/list-v2/{bucket}", {"POST": listing_routes.list_objects_by_cursor}),
    ("/object/move", {"POST": writing_routes.move}),
    ("/object/copy", {"POST": writing_routes.copy}),
    (
        f"/object/upload/sign/{_OBJECT}",
        {"POST": signing_routes.sign_upload, "PUT": writing_routes.upload_signed},
    ),
    (
        f"/object/sign/{_OBJECT}",
        {**_read(reading_routes.download_signed), "POST": signing_routes.sign_download},
    ),
    ("/object/sign/{bucket}", {"POST": signing_routes.sign_downloads}),
    (f"/object/public/{_OBJECT}", _read(reading_routes.download_public)),
    (f"/object/authenticated/{_OBJECT}", _read(reading_routes.download_authenticated)),
    (f"/object/info/public/{_OBJECT}", _read(reading_routes.tell_public)),
    (f"/object/info/authenticated/{_OBJECT}", _read(reading_routes.tell_authenticated)),
    (f"/object/info/{_OBJECT}", _read(reading_routes.tell)),
    (
        f"/object/{_OBJECT}",
        {
            **_read(reading_routes.download),
            "POST": writing_routes.upload,
            "PUT": writing_routes.update,
            "DELETE": writing_routes.remove_one,
        },
    ),
    ("/object/{bucket}", {"DELETE": writing_routes.remove_many}),
    ("/render/image/{rest:path}", _read(reading_routes.refuse_rendering)),
    ("/{rest:path}", {}),
]


def storage_routes(served: Served) -> Mount:
    """Return the routes of Storage."""

    def route(path: str, answers: dict[str, Answer]) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _serve(Asked(served, request), answers)

        return Route(path, endpoint, methods=_METHODS)

    return Mount("/storage/v1", routes=[route(path, answers) for path, answers in _ROUTES])


async def _serve(asked: Asked, answers: dict[str, Answer]) -> Response:
    request = asked.request
    if (answer := answers.get(request.method)) is None:
        return _no_such_route(request)
    try:
        return await answer(asked)
    except StorageError as error:
        failure = error
    except ServiceError as error:
        failure = from_service(error)
    except psycopg.OperationalError as error:
        failure = unavailable()
        log.warning("the database is in trouble", state=error.sqlstate)
    except psycopg.Error as error:
        failure = from_postgres(error) or _unexpected(error)
    except OSError as error:  # a full disk, a folder that is gone
        failure = _unexpected(error)
    return respond_with_error(failure, with_body=request.method != "HEAD")


def _unexpected(error: Exception) -> StorageError:
    log.error("unexpected", exc_info=error)
    return StorageError(500, "InternalError", "Internal Server Error", error="Internal")


def _no_such_route(request: Request) -> Response:
    path = request.url.path.partition("/storage/v1")[2]
    message = f"Route {request.method}:{path[:200]} not found"
    answer = respond_with_error(StorageError(404, "NotFound", message, error="Not Found"))
    answer.status_code = 404
    return answer
