"""What the service does with users, through the unmodified client."""

from typing import Any
from uuid import uuid4

import bcrypt
import httpx
import pytest
from argon2 import PasswordHasher, Type
from psycopg import AsyncConnection
from supabase_auth.errors import AuthApiError

from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.auth.admin_access import read_duration
from backend_functions.gateway.auth.failures import AuthRefused
from tests.backend_functions.gateway.auth.conftest import (
    KEY,
    PASSWORD,
    SECRET_KEY,
    SITE,
    AuthServer,
    user_id_of,
)
from tests.backend_functions.gateway.auth.tokens import LEGACY_SECRET, hs256

pytestmark = pytest.mark.db

ALICE = "alice@example.com"
Owner = AsyncConnection[tuple[object, ...]]
ENDPOINTS = [
    ("GET", "/admin/users"),
    ("POST", "/admin/users"),
    ("GET", f"/admin/users/{uuid4()}"),
    ("PUT", f"/admin/users/{uuid4()}"),
    ("DELETE", f"/admin/users/{uuid4()}"),
    ("GET", f"/admin/users/{uuid4()}/factors"),
    ("POST", "/admin/generate_link"),
    ("POST", "/invite"),
    ("GET", "/admin/oauth/clients"),
    ("POST", "/admin/sso/providers"),
]


def service_http(server: AuthServer) -> httpx.AsyncClient:
    return server.http(apikey=SECRET_KEY)


async def test_nobody_but_the_service_manages_users(server: AuthServer) -> None:
    user = f"Bearer {(await server.sign_up())['access_token']}"
    forged = "Bearer " + hs256({"role": "service_role"}, "another secret, which is as long")

    for key, bearer, status, code in (
        (KEY, None, 401, "no_authorization"),
        (KEY, f"Bearer {SECRET_KEY}", 403, "not_admin"),
        (KEY, user, 403, "not_admin"),
        (SECRET_KEY, user, 403, "not_admin"),
        (KEY, forged, 403, "bad_jwt"),
        ("", f"Bearer {SECRET_KEY}", 401, "no_authorization"),
    ):
        http = server.http(apikey=key, **({"Authorization": bearer} if bearer else {}))
        for method, path in ENDPOINTS:
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)


async def test_a_legacy_service_key_is_the_service_and_a_legacy_anon_key_is_not(
    server: AuthServer,
) -> None:
    anon, service = (hs256({"role": role}, LEGACY_SECRET) for role in ("anon", "service_role"))

    by_service = await server.http(apikey=service, Authorization=f"Bearer {service}").get(
        "/admin/users"
    )
    by_anon = await server.http(apikey=anon, Authorization=f"Bearer {anon}").get("/admin/users")

    assert by_service.status_code == 200
    assert by_anon.status_code == 403


async def test_the_service_makes_looks_at_changes_and_deletes_a_user(server: AuthServer) -> None:
    service = server.service()
    made = await service.create_user(
        {
            "email": "Alice@Example.com",
            "password": PASSWORD,
            "email_confirm": True,
            "user_metadata": {"a": 1},
            "app_metadata": {"plan": "pro", "provider": "forged"},
        }
    )
    assert made.user.email == ALICE
    assert made.user.email_confirmed_at is not None
    expected = {"plan": "pro", "provider": "email", "providers": ["email"]}
    assert made.user.app_metadata == expected

    changes: Any = {"email": "new@example.com", "user_metadata": {"b": 2}, "email_confirm": True}
    await service.update_user_by_id(made.user.id, changes)
    seen = (await service.get_user_by_id(made.user.id)).user
    assert (seen.email, seen.user_metadata) == ("new@example.com", {"a": 1, "b": 2})
    client = server.client()
    await client.sign_in_with_password({"email": "new@example.com", "password": PASSWORD})

    await service.delete_user(made.user.id)

    with pytest.raises(AuthApiError) as gone:
        await service.get_user_by_id(made.user.id)
    assert (gone.value.status, gone.value.code) == (404, "user_not_found")


async def test_users_are_listed_page_by_page_newest_first(server: AuthServer) -> None:
    service = server.service()
    for number in range(5):
        await service.create_user({"email": f"user{number}@example.com"})

    first = await service_http(server).get("/admin/users?per_page=2")
    last = await service_http(server).get("/admin/users?page=3&per_page=2")
    beyond = await service_http(server).get("/admin/users?page=9&per_page=2")
    found = await service_http(server).get("/admin/users?filter=USER3")

    assert [user["email"] for user in first.json()["users"]] == [
        "user4@example.com",
        "user3@example.com",
    ]
    assert [user["email"] for user in last.json()["users"]] == ["user0@example.com"]
    assert beyond.json()["users"] == []
    assert {answer.headers["x-total-count"] for answer in (first, last, beyond)} == {"5"}
    assert 'page=2&per_page=2&filter=>; rel="next"' in first.headers["link"]
    assert 'page=3&per_page=2&filter=>; rel="last"' in first.headers["link"]
    assert "next" not in last.headers["link"]
    assert [user["email"] for user in found.json()["users"]] == ["user3@example.com"]


async def test_a_ban_ends_at_once_what_the_user_is_signed_in_with(server: AuthServer) -> None:
    session = await server.sign_up()
    assert await server.verifier.verify(session["access_token"])
    service, user_id = server.service(), str(user_id_of(session))

    banned = await service.update_user_by_id(user_id, {"ban_duration": "1h30m"})

    assert banned.user.model_dump()["id"] == user_id
    with pytest.raises(NotAuthenticated):
        await server.verifier.verify(session["access_token"])
    assert (await server.refresh(session["refresh_token"])).status_code == 400
    await service.update_user_by_id(user_id, {"ban_duration": "none"})
    assert await server.verifier.verify(session["access_token"])


async def test_a_password_the_service_sets_ends_every_session(server: AuthServer) -> None:
    session = await server.sign_up()

    await server.service().update_user_by_id(str(user_id_of(session)), {"password": "a new one!"})

    assert not await server.is_let_in(session)
    assert (await server.refresh(session["refresh_token"])).status_code == 400


async def test_a_user_who_stays_as_a_row_can_do_nothing_and_frees_the_address(
    server: AuthServer, owner_connection: Owner
) -> None:
    session = await server.sign_up()
    service = server.service()

    await service.delete_user(str(user_id_of(session)), should_soft_delete=True)

    assert not await server.is_let_in(session)
    row = (await service_http(server).get(f"/admin/users/{user_id_of(session)}")).json()
    assert row["deleted_at"]
    assert (row["email"], row["identities"], row["user_metadata"]) == ("", [], {})
    assert (await server.sign_up())["user"]["id"] != row["id"]


LONG = "from elsewhere " * 10
ARGON2: Any = {"time_cost": 1, "memory_cost": 64, "parallelism": 2}
ARGON2_HASH = PasswordHasher(**ARGON2).hash("x")


@pytest.mark.parametrize(
    ("hashed", "password"),
    [
        (bcrypt.hashpw(b"from elsewhere", bcrypt.gensalt(4)).decode(), "from elsewhere"),
        (PasswordHasher(**ARGON2).hash(LONG), LONG),
        (PasswordHasher(type=Type.I, **ARGON2).hash(LONG), LONG),
    ],
    ids=["bcrypt", "argon2id", "argon2i"],
)
async def test_a_user_comes_over_from_a_hosted_project_with_their_password(
    server: AuthServer, hashed: str, password: str
) -> None:
    user_id = str(uuid4())
    body = {"id": user_id, "email": ALICE, "password_hash": hashed, "email_confirm": True}

    made = (await service_http(server).post("/admin/users", json=body)).json()

    assert made["id"] == user_id
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        await server.client().sign_in_with_password({"email": ALICE, "password": password[:-1]})
    signed_in = await server.client().sign_in_with_password({"email": ALICE, "password": password})
    assert signed_in.user is not None
    assert signed_in.user.id == user_id


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"email": ""}, 400, "validation_failed"),
        ({"email": "no address"}, 400, "validation_failed"),
        ({"phone": "+15550100"}, 400, "phone_provider_disabled"),
        ({"role": "service_role"}, 400, "validation_failed"),
        ({"id": "1"}, 400, "validation_failed"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, 400, "validation_failed"),
        ({"password": "short"}, 422, "weak_password"),
        ({"password_hash": "$argon2id$v=19$m=65536,t=3,p=4$x$y"}, 400, "validation_failed"),
        ({"password_hash": ARGON2_HASH.replace("m=64", "m=900000")}, 400, "validation_failed"),
        ({"password_hash": ARGON2_HASH.replace("t=1", "t=99")}, 400, "validation_failed"),
        ({"password_hash": ARGON2_HASH.replace("p=2", "p=0")}, 400, "validation_failed"),
        ({"password_hash": ARGON2_HASH.replace("argon2id", "argon2d")}, 400, "validation_failed"),
        ({"password_hash": "$2b$31$" + "x" * 53}, 400, "validation_failed"),
        ({"password": PASSWORD, "password_hash": "$2b$10$x"}, 400, "validation_failed"),
        ({"ban_duration": "a while"}, 400, "validation_failed"),
        ({"user_metadata": {"x": "y" * 5000}}, 400, "validation_failed"),
        ({"app_metadata": {"x": "y" * 5000}}, 400, "validation_failed"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_user_who_cannot_be_is_not_made(
    closed_server: AuthServer, changes: dict[str, object], status: int, code: str
) -> None:
    body = {"email": ALICE, **changes}

    answer = await service_http(closed_server).post("/admin/users", json=body)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)


async def test_two_users_cannot_have_one_address(server: AuthServer) -> None:
    service = server.service()
    await service.create_user({"email": ALICE})
    bob = (await service.create_user({"email": "bob@example.com"})).user
    refused = []

    for call in (
        service.create_user({"email": ALICE.upper()}),
        service.update_user_by_id(bob.id, {"email": ALICE}),
    ):
        with pytest.raises(AuthApiError) as caught:
            await call
        refused.append((caught.value.status, caught.value.code))

    assert refused == [(422, "email_exists")] * 2


@pytest.mark.parametrize("kind", ["signup", "invite", "magiclink", "recovery"])
async def test_a_link_the_service_hands_out_signs_in(server: AuthServer, kind: str) -> None:
    if kind == "recovery":
        await server.sign_up()
    params: Any = {"type": kind, "email": ALICE, "password": PASSWORD}
    params["options"] = {"redirect_to": "https://evil.example/"}

    made = await server.service().generate_link(params)

    assert server.mails == []
    assert made.properties.redirect_to == SITE
    target = await server.follow(made.properties.action_link)
    told = dict(httpx.QueryParams(target.fragment))
    assert await server.is_let_in(told)


async def test_the_code_of_a_link_and_its_hash_open_the_same_door_once(server: AuthServer) -> None:
    await server.sign_up()
    made = await server.service().generate_link({"type": "magiclink", "email": ALICE})
    by_hash = {"type": "email", "token_hash": made.properties.hashed_token}

    first = await server.post("/verify", by_hash)
    code = {"type": "email", "email": ALICE, "token": made.properties.email_otp}
    second = await server.post("/verify", code)

    assert first.json()["user"]["email"] == ALICE
    assert second.status_code == 403


async def test_both_links_of_a_change_of_address_can_be_handed_out(strict: AuthServer) -> None:
    service = strict.service()
    await service.create_user({"email": ALICE, "email_confirm": True})
    links = []

    for kind in ("email_change_current", "email_change_new"):
        params: Any = {"type": kind, "email": ALICE, "new_email": "new@example.com"}
        links.append((await service.generate_link(params)).properties.action_link)
    half, whole = [await strict.follow(link) for link in links]

    assert "message" in dict(httpx.QueryParams(half.fragment))
    told = dict(httpx.QueryParams(whole.fragment))
    assert (await strict.verifier.verify(told["access_token"])).claims["email"] == "new@example.com"


async def test_an_invited_person_gets_a_mail_and_is_a_user_when_they_follow_it(
    server: AuthServer,
) -> None:
    service = server.service()

    invited = await service.invite_user_by_email(ALICE, {"data": {"team": "x"}})

    assert invited.user.invited_at is not None
    assert invited.user.email_confirmed_at is None
    (mail,) = server.mails
    assert mail.kind == "invite"
    assert await server.is_let_in(
        dict(httpx.QueryParams((await server.follow(str(mail.link))).fragment))
    )
    with pytest.raises(AuthApiError) as again:
        await service.invite_user_by_email(ALICE)
    assert again.value.code == "email_exists"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("24h", 86400), ("1.5s", 1.5), ("300ms", 0.3), ("none", None)],
)
def test_a_ban_lasts_as_long_as_it_says(text: str, seconds: float | None) -> None:
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "h", "1", "-1h", "1d", "forever", "1e9h", "9" * 9 + "h"])
def test_what_is_no_duration_bans_nobody(text: str) -> None:
    with pytest.raises(AuthRefused):
        read_duration(text)
