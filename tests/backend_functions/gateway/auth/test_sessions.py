import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from backend_functions.errors import NotAuthenticated
from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer, user_id_of

pytestmark = pytest.mark.db

Owner = AsyncConnection[tuple[object, ...]]


async def sign_in(server: AuthServer, email: str = "alice@example.com") -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD}
    session: dict[str, Any] = (await server.post("/token?grant_type=password", body)).json()
    return session


async def age_tokens(owner: Owner, seconds: int) -> None:
    await owner.execute(
        "update auth.refresh_tokens set revoked_at = revoked_at - make_interval(secs => %s)",
        (seconds,),
    )


async def test_five_processes_that_refresh_at_once_share_one_next_token(server: AuthServer) -> None:
    token = (await server.sign_up())["refresh_token"]

    answers = await asyncio.gather(*(server.refresh(token) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    following = {answer.json()["refresh_token"] for answer in answers}
    assert len(following) == 1
    assert (await server.refresh(following.pop())).status_code == 200


async def test_a_copied_token_that_comes_back_ends_the_session_for_both(
    server: AuthServer, owner_connection: Owner
) -> None:
    session = await server.sign_up()
    other = await sign_in(server)
    owners = (await server.refresh(session["refresh_token"])).json()
    assert await server.verifier.verify(owners["access_token"])
    await age_tokens(owner_connection, 11)

    thief = await server.refresh(session["refresh_token"])
    victim = await server.refresh(owners["refresh_token"])

    for answer in (thief, victim):
        assert answer.status_code == 400
        assert answer.headers["x-sb-error-code"] == "refresh_token_already_used"
    with pytest.raises(NotAuthenticated):
        await server.verifier.verify(owners["access_token"])
    assert not await server.is_let_in(owners)
    assert (await server.refresh(other["refresh_token"])).status_code == 200


async def test_a_token_two_swaps_back_is_a_copy_even_within_the_grace(server: AuthServer) -> None:
    first = (await server.sign_up())["refresh_token"]
    second = (await server.refresh(first)).json()["refresh_token"]
    third = (await server.refresh(second)).json()["refresh_token"]

    assert (await server.refresh(first)).status_code == 400
    assert (await server.refresh(third)).status_code == 400


async def test_no_refresh_token_and_no_password_is_stored(
    server: AuthServer, owner_connection: Owner
) -> None:
    session = await server.sign_up()
    tokens = [session["refresh_token"]]
    tokens.append((await server.refresh(tokens[0])).json()["refresh_token"])

    stored = ""
    for table in ("users", "identities", "sessions", "refresh_tokens"):
        cursor = await owner_connection.execute(f"select t::text from auth.{table} t")  # noqa: S608
        stored += str(await cursor.fetchall())

    assert PASSWORD not in stored
    for token in tokens:
        assert len(token) >= 43
        assert token not in stored
        assert token.encode().hex() not in stored
    assert "$2b$" in stored


@pytest.mark.parametrize(
    ("scope", "survivors"),
    [("global", []), ("local", ["other"]), ("others", ["this"]), (None, [])],
)
async def test_signing_out_ends_the_sessions_it_says(
    server: AuthServer, scope: str | None, survivors: list[str]
) -> None:
    sessions = {"this": await server.sign_up(), "other": await sign_in(server)}
    for session in sessions.values():
        assert await server.verifier.verify(session["access_token"])
    bearer = {"Authorization": f"Bearer {sessions['this']['access_token']}"}

    query = f"?scope={scope}" if scope else ""
    answer = await server.http(**bearer).post(f"/logout{query}")

    assert answer.status_code == 204
    assert answer.content == b""
    alive = []
    for name, session in sessions.items():
        refreshed = (await server.refresh(session["refresh_token"])).status_code == 200
        assert refreshed == await server.is_let_in(session)
        if refreshed:
            assert await server.verifier.verify(session["access_token"])
            alive.append(name)
        else:
            with pytest.raises(NotAuthenticated):
                await server.verifier.verify(session["access_token"])
    assert alive == survivors


async def test_a_scope_that_does_not_exist_signs_nobody_out(server: AuthServer) -> None:
    session = await server.sign_up()
    bearer = {"Authorization": f"Bearer {session['access_token']}"}

    answer = await server.http(**bearer).post("/logout?scope=everyone")

    assert answer.status_code == 400
    assert await server.is_let_in(session)


async def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    server: AuthServer,
) -> None:
    this, other = await server.sign_up(), await sign_in(server)
    bearer = {"Authorization": f"Bearer {this['access_token']}"}

    answer = await server.http(**bearer).put("/user", json={"password": "another password"})

    assert answer.status_code == 200
    assert await server.is_let_in(this)
    assert not await server.is_let_in(other)
    assert (await server.refresh(other["refresh_token"])).status_code == 400


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update auth.users set banned_until = now() + interval '1 hour'", "user_banned"),
        ("update auth.users set deleted_at = now()", "session_expired"),
        ("update auth.sessions set not_after = now()", "session_expired"),
        ("delete from auth.users", "refresh_token_not_found"),
    ],
)
async def test_a_user_who_is_gone_or_banned_gets_nothing_more(
    server: AuthServer, owner_connection: Owner, statement: str, code: str
) -> None:
    session = await server.sign_up()
    await owner_connection.execute(statement)

    refreshed = await server.refresh(session["refresh_token"])

    assert refreshed.status_code == 400
    assert refreshed.headers["x-sb-error-code"] == code
    assert not await server.is_let_in(session)
    with pytest.raises(NotAuthenticated):
        await server.verifier.verify(session["access_token"])


async def test_a_banned_user_learns_so_only_with_the_right_password(
    server: AuthServer, owner_connection: Owner
) -> None:
    await server.sign_up()
    await owner_connection.execute("update auth.users set banned_until = now() + interval '1 h'")
    codes = []

    for password in ("wrong", PASSWORD):
        body = {"email": "alice@example.com", "password": password}
        answer = await server.post("/token?grant_type=password", body)
        codes.append(answer.headers["x-sb-error-code"])

    assert codes == ["invalid_credentials", "user_banned"]


async def test_a_ban_that_is_over_is_over(server: AuthServer, owner_connection: Owner) -> None:
    session = await server.sign_up()
    await owner_connection.execute("update auth.users set banned_until = now()")

    assert await server.is_let_in(session)
    assert await server.verifier.verify(session["access_token"])
    assert (await sign_in(server))["user"]["id"] == str(user_id_of(session))
