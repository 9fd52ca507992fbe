"""`Prefer: timezone`, as PostgREST 16 takes it: PostgreSQL alone decides what a zone is.

Source: https://docs.postgrest.org/en/v16/references/api/preferences.html#timezone
"""

import httpx
import pytest
from psycopg import AsyncConnection

from tests.backend_functions.gateway.rest.conftest import People

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]
NOON = "2026-07-01T12:00:00+00:00"


@pytest.fixture
async def chat(owner_connection: Owner, people: People) -> str:
    """A chat of Alice's, begun at noon in Greenwich."""
    cursor = await owner_connection.execute(
        "insert into public.chats (user_id, title, created_at) values (%s, 'Noon', %s)"
        " returning id::text",
        (people.id("alice"), NOON),
    )
    return str((await cursor.fetchone() or ())[0])


async def ask(http: httpx.AsyncClient, method: str, path: str, *prefer: str) -> httpx.Response:
    headers = [("Authorization", "Bearer alice"), *(("Prefer", each) for each in prefer)]
    body = {"title": "Noon"} if method == "PATCH" else None
    return await http.request(method, path, headers=headers, json=body)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/Los_Angeles", "2026-07-01T05:00:00-07:00"),
        ("+05:30", "2026-07-01T06:30:00-05:30"),
        ("-4", "2026-07-01T08:00:00-04:00"),
    ],
)
@pytest.mark.parametrize("handling", ["", "handling=strict, "])
async def test_times_are_shown_in_the_zone_that_was_asked_for(
    http: httpx.AsyncClient, chat: str, handling: str, zone: str, shown: str
) -> None:
    prefer = f"{handling}timezone={zone}"

    response = await ask(http, "GET", f"chats?id=eq.{chat}&select=created_at", prefer)

    assert response.json() == [{"created_at": shown}]
    assert response.headers["preference-applied"] == prefer


async def test_a_zone_holds_for_one_request_alone(http: httpx.AsyncClient, chat: str) -> None:
    path = f"chats?id=eq.{chat}&select=created_at"

    for _ in range(3):  # whichever connections of the pool they get
        await ask(http, "GET", path, "timezone=Asia/Tokyo")
        assert (await ask(http, "GET", path)).json() == [{"created_at": NOON}]


async def test_times_without_a_zone_are_read_in_it(http: httpx.AsyncClient, chat: str) -> None:
    path = "chats?created_at=eq.2026-07-01T21:00:00&select=id"

    assert (await ask(http, "GET", path, "timezone=Asia/Tokyo")).json() == [{"id": chat}]
    assert (await ask(http, "GET", path)).json() == []


async def test_what_a_write_returns_is_shown_in_it_too(http: httpx.AsyncClient, chat: str) -> None:
    path = f"chats?id=eq.{chat}&select=created_at"

    response = await ask(http, "PATCH", path, "return=representation", "timezone=Asia/Tokyo")

    assert response.json() == [{"created_at": "2026-07-01T21:00:00+09:00"}]
    assert response.headers["preference-applied"] == "return=representation, timezone=Asia/Tokyo"


@pytest.mark.parametrize("handling", ["", "handling=strict, ", "handling=lenient, "])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_zone_that_does_not_exist_is_refused_however_it_is_asked_for(
    http: httpx.AsyncClient, chat: str, method: str, handling: str
) -> None:
    prefer = f"{handling}timezone=Invalid/Timezone"

    response = await ask(http, method, f"chats?id=eq.{chat}", prefer)

    assert response.status_code == 400
    assert response.json() == {
        "code": "22023",
        "message": 'invalid value for parameter "TimeZone": "Invalid/Timezone"',
        "details": None,
        "hint": None,
    }
