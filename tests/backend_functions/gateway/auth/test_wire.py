import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_functions.db.pool import Database
from tests.backend_functions.gateway.auth.conftest import KEY, PASSWORD, AuthServer
from tests.backend_functions.gateway.auth.tokens import good_claims

pytestmark = pytest.mark.db


async def test_answers_with_tokens_are_kept_by_no_cache(server: AuthServer) -> None:
    body = {"email": "a@b.c", "password": PASSWORD}

    assert (await server.post("/signup", body)).headers["cache-control"] == "no-store"


async def test_two_authorization_headers_are_a_bad_request(server: AuthServer) -> None:
    token = (await server.sign_up())["access_token"]
    pairs = [("apikey", KEY), ("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]

    answer = await server.http().get("/user", headers=httpx.Headers(pairs))

    assert answer.status_code == 400


async def test_a_token_of_ours_for_a_user_or_session_that_never_was_is_refused(
    server: AuthServer,
) -> None:
    session = await server.sign_up()
    stranger = server.signer.sign(good_claims())
    other_session = server.signer.sign(good_claims(sub=session["user"]["id"]))
    no_session = server.signer.sign(good_claims(sub=session["user"]["id"], session_id=None))

    codes = []
    for token in (stranger, other_session, no_session):
        answer = await server.http(Authorization=f"Bearer {token}").get("/user")
        assert answer.status_code == 403
        codes.append(answer.headers["x-sb-error-code"])

    assert codes == ["user_not_found", "session_not_found", "session_not_found"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_bodies = st.dictionaries(
    st.sampled_from(["email", "phone", "password", "data", "refresh_token", "current_password"]),
    _json | st.just("a@b.c") | st.just(PASSWORD),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=_bodies, as_user=st.booleans(), agent=st.text(max_size=20))
async def test_no_body_makes_the_service_fail(
    db: Database, body: dict[str, object], as_user: bool, agent: str
) -> None:
    server = AuthServer(db)
    content = json.dumps(body).encode()
    headers = {"User-Agent": agent.encode("utf-8", "replace").decode("latin-1")}
    http = server.http()
    if as_user:
        known = {"email": "known@example.com", "password": PASSWORD}
        await http.post("/signup", json=known)
        session = (await http.post("/token?grant_type=password", json=known)).json()
        headers["Authorization"] = f"Bearer {session['access_token']}"

    for method, path in (
        ("POST", "/signup"),
        ("POST", "/token?grant_type=password"),
        ("POST", "/token?grant_type=refresh_token"),
        ("PUT", "/user"),
    ):
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await http.request(method, path, content=content, headers=raw)

        assert answer.status_code < 500
        assert answer.status_code == 200 or "x-sb-error-code" in answer.headers
