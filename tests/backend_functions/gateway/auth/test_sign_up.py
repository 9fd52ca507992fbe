import asyncio
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from backend_functions.db.pool import Connection, Database
from backend_functions.errors import Unavailable
from backend_functions.gateway.auth.parts import Limits
from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]


async def give_model_config(connection: Connection, user_id: UUID) -> None:
    await connection.execute("set local role service_role")
    await connection.execute(
        "insert into public.model_configs (user_id, name, provider, model)"
        " values (%s, 'local', 'local', 'tiny')",
        (user_id,),
    )


async def count(owner: Owner, table: str) -> int:
    cursor = await owner.execute(f"select count(*) from {table}")  # noqa: S608
    row = await cursor.fetchone()
    assert row is not None
    return int(str(row[0]))


async def test_a_new_user_has_a_profile_and_what_the_backend_gives_them(
    db: Database, owner_connection: Owner
) -> None:
    server = AuthServer(db, on_user_created=give_model_config)

    session = await server.sign_up()

    caller = await server.verifier.verify(session["access_token"])
    async with db.as_user(caller) as connection:
        configs = await (await connection.execute("select name from model_configs")).fetchall()
        profiles = await (await connection.execute("select id from profiles")).fetchall()
    assert configs == [{"name": "local"}]
    assert profiles == [{"id": caller.user_id}]


async def test_a_sign_up_whose_gift_fails_leaves_nothing(
    db: Database, owner_connection: Owner
) -> None:
    async def fail(connection: Connection, user_id: UUID) -> None:
        await give_model_config(connection, user_id)
        raise Unavailable

    server = AuthServer(db, on_user_created=fail)

    answer = await server.post("/signup", {"email": "a@b.c", "password": PASSWORD})

    assert answer.status_code == 503
    for table in ("auth.users", "auth.sessions", "public.profiles", "public.model_configs"):
        assert await count(owner_connection, table) == 0


async def test_nothing_a_person_says_at_sign_up_gives_rights(
    server: AuthServer, owner_connection: Owner
) -> None:
    lure = {"role": "service_role", "provider": "admin", "is_admin": True}
    body = {"email": "eve@example.com", "password": PASSWORD, "data": lure, "app_metadata": lure}

    session = (await server.post("/signup", {**lure, **body, "aud": "admin", "id": "1"})).json()

    caller = await server.verifier.verify(session["access_token"])
    assert caller.role == caller.claims["role"] == caller.claims["aud"] == "authenticated"
    assert session["user"]["role"] == "authenticated"
    assert session["user"]["app_metadata"] == {"provider": "email", "providers": ["email"]}
    cursor = await owner_connection.execute("select role, is_sso_user from auth.users")
    assert await cursor.fetchall() == [("authenticated", False)]


async def test_a_person_cannot_change_what_only_the_service_says_of_them(
    server: AuthServer,
) -> None:
    session = await server.sign_up()
    http = server.http(Authorization=f"Bearer {session['access_token']}")

    refused = await http.put("/user", json={"app_metadata": {"role": "admin"}})
    ignored = await http.put("/user", json={"role": "service_role", "banned_until": "never"})

    assert refused.status_code == 403
    assert refused.headers["x-sb-error-code"] == "not_admin"
    assert ignored.json()["role"] == "authenticated"


async def test_two_sign_ups_at_once_with_one_address_make_one_user(
    server: AuthServer, owner_connection: Owner
) -> None:
    bodies = [{"email": name, "password": PASSWORD} for name in ("a@b.c", "A@B.C", "a@B.c")]

    answers = await asyncio.gather(*(server.post("/signup", body) for body in bodies))

    assert sorted(answer.status_code for answer in answers) == [200, 422, 422]
    assert await count(owner_connection, "auth.users") == 1


async def test_a_password_of_72_bytes_with_anything_in_it_works(server: AuthServer) -> None:
    password = "\x00 ' \\ é 🔑" + "x" * 59
    assert len(password.encode()) == 72
    body = {"email": "a@example.com", "password": password}
    assert (await server.post("/signup", body)).status_code == 200

    right = await server.post("/token?grant_type=password", body)
    longer = await server.post("/token?grant_type=password", {**body, "password": password + "y"})

    assert right.status_code == 200
    assert longer.status_code == 400


async def test_one_address_cannot_make_users_without_end(db: Database) -> None:
    server = AuthServer(db, limits=Limits(sign_ups_per_address=(2, 60.0)))
    await server.sign_up("a@example.com")
    await server.sign_up("b@example.com")

    body = {"email": "c@example.com", "password": PASSWORD}
    here = await server.post("/signup", body)
    elsewhere = await server.http("127.0.0.2").post("/signup", json=body)

    assert here.status_code == 429
    assert elsewhere.status_code == 200
