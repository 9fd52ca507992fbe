import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from structlog.testing import capture_logs
from structlog.typing import EventDict

from backend_functions.errors import NotFound, ServiceError
from backend_functions.http import answer_service_error
from backend_functions.metrics import Metrics
from backend_functions.request_observer import RequestObserver
from tests.support.plain import NO_TLS
from tests.support.serving import served


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
async def http(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    """Call a small app of every kind of route."""
    app = FastAPI()
    app.add_exception_handler(ServiceError, answer_service_error)
    app.add_middleware(RequestObserver, metrics=metrics)

    @app.get("/things/{number}")
    async def thing(number: str, request: Request) -> Response:
        return PlainTextResponse(request.state.request_id)

    @app.get("/missing")
    async def missing() -> Response:
        raise NotFound

    @app.get("/broken")
    async def broken() -> Response:
        raise RuntimeError("sk-secret")

    @app.get("/breaks-off")
    async def breaks_off() -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            raise RuntimeError("sk-secret")

        return StreamingResponse(pieces())

    async def below(request: Request) -> Response:
        return PlainTextResponse("below")

    app.router.routes.append(Mount("/below", routes=[Route("/{name}", below)]))
    async with served(app) as url, httpx.AsyncClient(base_url=url, verify=NO_TLS) as client:
        yield client


async def test_every_response_names_its_request(http: httpx.AsyncClient) -> None:
    ids = []
    for path in ("/things/1", "/missing", "/broken", "/none", "/below/x", "/below/x/y"):
        response = await http.get(path)
        assert response.headers.get_list("x-request-id") == [response.headers["x-request-id"]]
        ids.append(response.headers["x-request-id"])

    assert len(set(ids)) == 6
    assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in ids)


@pytest.mark.parametrize("given", ["abcdefgh", "A-1" * 20, "x" * 64])
async def test_an_id_that_comes_with_a_request_is_kept(http: httpx.AsyncClient, given: str) -> None:
    response = await http.get("/things/1", headers={"x-request-id": given})

    assert response.headers["x-request-id"] == response.text == given


@pytest.mark.parametrize(
    "given",
    ["short", "x" * 65, "with space", 'quote"quote', "under_score", "üüüüüüüü"],
)
async def test_an_id_that_is_none_is_replaced(http: httpx.AsyncClient, given: str) -> None:
    response = await http.get("/things/1", headers=[(b"x-request-id", given.encode())])

    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


async def test_two_ids_are_none(http: httpx.AsyncClient) -> None:
    pair = [("x-request-id", "a" * 8), ("x-request-id", "b" * 8)]

    response = await http.get("/things/1", headers=pair)

    assert response.headers["x-request-id"] not in ("a" * 8, "b" * 8)


async def test_the_id_stands_in_the_body_of_an_error_and_in_the_log(
    http: httpx.AsyncClient, logged: list[EventDict]
) -> None:
    response = await http.get("/missing", headers={"x-request-id": "my-own-id"})

    assert response.json()["error"]["request_id"] == "my-own-id"
    (refused,) = [line for line in logged if line["event"] == "refused"]
    assert refused["request_id"] == "my-own-id"
    assert refused["route"] == "/missing"


async def test_what_nobody_foresaw_is_answered_and_logged_once(
    http: httpx.AsyncClient, logged: list[EventDict]
) -> None:
    response = await http.get("/broken")

    assert response.status_code == 500
    assert response.json()["error"]["code"] == "unexpected_failure"
    assert "secret" not in response.text
    (line,) = [line for line in logged if line["log_level"] == "error"]
    assert line["request_id"] == response.json()["error"]["request_id"]
    assert isinstance(line["exc_info"], RuntimeError)


async def test_a_response_that_breaks_off_is_cut_and_not_ended(
    http: httpx.AsyncClient, logged: list[EventDict]
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await http.get("/breaks-off")

    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["unexpected"]


async def test_requests_are_counted_by_route_and_not_by_path(
    http: httpx.AsyncClient, metrics: Metrics
) -> None:
    for path in ("/things/1", "/things/2", "/below/a", "/below/b", "/none/1", "/none/2", "/broken"):
        await http.get(path)
    await http.request("PROPFIND", "/things/1")

    counted = re.findall(
        r"^pocketllm_requests_total\{(.*)\} (.*)$", metrics.render().decode(), re.M
    )
    found: dict[Any, Any] = dict(counted)
    assert found['method="GET",route="/things/{number}",status="200"'] == "2.0"
    assert found['method="GET",route="/below/{name}",status="200"'] == "2.0"
    assert found['method="GET",route="unmatched",status="404"'] == "2.0"
    assert found['method="GET",route="/broken",status="500"'] == "1.0"
    assert found['method="other",route="/things/{number}",status="405"'] == "1.0"
    assert len(found) == 5
