import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from backend_functions.gateway.browsers import ForBrowsers


async def answer(request: Request) -> Response:
    return PlainTextResponse("here", headers={"Content-Range": "0-0/1"})


def page(*, origin: str | None = "https://app.example") -> httpx.AsyncClient:
    app: ASGIApp = ForBrowsers(Starlette(routes=[Route("/{path:path}", answer)]))
    headers = {} if origin is None else {"Origin": origin}
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)


@pytest.mark.parametrize("service", ["auth", "rest", "storage", "functions"])
async def test_a_page_may_send_what_supabase_js_sends_to_every_service(service: str) -> None:
    wanted = "apikey,authorization,content-type,prefer,x-client-info,x-supabase-api-version"
    asks = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": wanted}

    told = await page().options(f"/{service}/v1/anything", headers=asks)

    assert told.status_code == 200
    assert told.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in told.headers["access-control-allow-methods"]
    assert told.headers["access-control-allow-headers"] == wanted
    assert told.content == b""


async def test_a_page_may_read_answers_and_the_headers_that_clients_need() -> None:
    told = await page().get("/rest/v1/chats")

    assert told.headers["access-control-allow-origin"] == "*"
    for name in ("Content-Range", "X-Total-Count", "Link", "X-Supabase-Api-Version"):
        assert name in told.headers["access-control-expose-headers"]


async def test_no_answer_asks_a_browser_to_send_what_it_holds_by_itself() -> None:
    asks = {"Access-Control-Request-Method": "GET"}

    for told in (
        await page().options("/auth/v1/user", headers=asks),
        await page().get("/auth/v1/"),
    ):
        assert "access-control-allow-credentials" not in told.headers


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/auth/v2/x"])
async def test_what_is_no_service_is_not_opened_to_pages(path: str) -> None:
    assert "access-control-allow-origin" not in (await page().get(path)).headers


async def test_programs_that_are_no_pages_get_what_they_always_got() -> None:
    told = await page(origin=None).get("/rest/v1/chats")

    assert not [name for name in told.headers if name.startswith("access-control")]
