"""`/rest/v1`: finds out who asks, answers, and puts every failure into PostgREST's shape.

Who may see and change what is decided by PostgreSQL alone: its grants and its row level security.
"""

from collections.abc import Awaitable, Callable

import orjson
import psycopg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from backend_functions.db.pool import Database
from backend_functions.errors import ServiceError
from backend_functions.gateway.rest.answer import respond_with_error
from backend_functions.gateway.rest.asked import Asked, Served, read_request
from backend_functions.gateway.rest.body import refuse_long_body
from backend_functions.gateway.rest.calls import call_function
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.introspect import CatalogueCache
from backend_functions.gateway.rest.openapi import describe
from backend_functions.gateway.rest.sqlstate import from_postgres, from_service
from backend_functions.gateway.rest.tables import (
    delete_rows,
    insert_rows,
    put_row,
    read_rows,
    update_rows,
)
from backend_functions.types import SERVICE, Caller

Identify = Callable[[Request], Awaitable[Caller]]
Answer = Callable[[Served, Asked], Awaitable[Response]]

# Every method is routed, so that an unknown one is refused in the shape of this service.
_METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE"]
_FOR_TABLES: dict[str, Answer] = {
    "GET": read_rows,
    "HEAD": read_rows,
    "POST": insert_rows,
    "PATCH": update_rows,
    "DELETE": delete_rows,
    "PUT": put_row,
}
_FOR_FUNCTIONS: dict[str, Answer] = dict.fromkeys(("GET", "HEAD", "POST"), call_function)


def rest_routes(database: Database, identify: Identify) -> Mount:
    """Return the routes of the data API over one database.

    Args:
        database: Where the data is; only schema `public` is served.
        identify: Says who sent a request, or raises NotAuthenticated.
    """
    served = Served(database, CatalogueCache(database))

    def route(path: str, answers: dict[str, Answer]) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _serve(served, identify, request, answers)

        return Route(path, endpoint, methods=_METHODS)

    return Mount(
        "/rest/v1",
        routes=[
            route("/rpc/{name}", _FOR_FUNCTIONS),
            route("/{name}", _FOR_TABLES),
            route("/", dict.fromkeys(("GET", "HEAD"), _describe)),
            route("/{rest:path}", dict.fromkeys(_METHODS, _refuse_path)),
        ],
    )


async def _serve(
    served: Served, identify: Identify, request: Request, answers: dict[str, Answer]
) -> Response:
    caller: Caller | None = None
    try:
        refuse_long_body(request.headers)
        caller = await identify(request)
        asked = read_request(request, caller, request.path_params.get("name", ""))
        return await _answer(answers, request.method)(served, asked)
    except RestError as error:
        failure = error
    except ServiceError as error:
        failure = from_service(error)
    except psycopg.Error as error:
        signed_in = caller is not None and caller.role != "anon"
        failure = from_postgres(error, signed_in=signed_in)
    return respond_with_error(failure, with_body=request.method != "HEAD")


def _answer(answers: dict[str, Answer], method: str) -> Answer:
    if method not in answers and answers is _FOR_FUNCTIONS:
        raise RestError("PGRST101", f"Cannot use the {method} method on RPC")
    if method not in answers:
        raise RestError("PGRST117", f"Unsupported HTTP method: {method}")
    return answers[method]


async def _describe(served: Served, asked: Asked) -> Response:
    """Answer GET of the root, for the holder of a secret key only, as hosted projects do."""
    if asked.caller.role != SERVICE.role:
        challenge = {"WWW-Authenticate": "Bearer"}
        raise RestError(
            "42501",
            "Access to schema is forbidden",
            status=401,
            headers=challenge,
            hint="Only secret API keys can be used for this endpoint.",
        )
    document = await served.catalogue.build(describe)
    return Response(orjson.dumps(document), media_type="application/openapi+json")


async def _refuse_path(served: Served, asked: Asked) -> Response:
    raise RestError("PGRST125", "Invalid path specified in request URL")
