"""What is answered without asking the database: it cannot even be reached here."""

import pytest

from tests.backend_functions.gateway.auth.conftest import KEY, PASSWORD, AuthServer
from tests.backend_functions.gateway.auth.tokens import good_claims, new_signer

NEW = {"X-Supabase-Api-Version": "2024-01-01"}


async def test_an_error_has_the_shape_that_the_clients_version_reads(
    closed_server: AuthServer,
) -> None:
    body = {"email": "a@b.c", "password": "short"}

    new = await closed_server.post("/signup", body, **NEW)
    old = await closed_server.post("/signup", body)
    nonsense = await closed_server.post("/signup", body, **{"X-Supabase-Api-Version": "tomorrow"})

    message = "Password should be at least 8 characters."
    reasons = {"weak_password": {"reasons": ["length"]}}
    assert new.json() == {"code": "weak_password", "message": message, **reasons}
    assert new.headers["x-supabase-api-version"] == "2024-01-01"
    for answer in (old, nonsense):
        assert answer.json() == {
            "code": 422,
            "error_code": "weak_password",
            "msg": message,
            **reasons,
        }
        assert "x-supabase-api-version" not in answer.headers
    assert {a.headers["x-sb-error-code"] for a in (new, old)} == {"weak_password"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b'{"email": "\\ud800"}', "bad_json"),
        (b'{"data": NaN}', "bad_json"),
        (b"[" * 3000, "bad_json"),
        (b"null", "validation_failed"),
        (b"[]", "validation_failed"),
        (b'"text"', "validation_failed"),
        (b'{"email": {}}', "validation_failed"),
        (b'{"password": true}', "validation_failed"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(
    closed_server: AuthServer, content: bytes, code: str
) -> None:
    answer = await closed_server.http().post("/signup", content=content)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (400, code)


async def test_a_body_is_not_read_past_its_bound(closed_server: AuthServer) -> None:
    read = 0

    async def endless() -> object:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 16_384

    for path in ("/signup", "/token?grant_type=password", "/token?grant_type=refresh_token"):
        answer = await closed_server.http().post(path, content=endless())  # type: ignore[arg-type]
        assert answer.status_code == 413

    assert read <= 3 * 6


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/phones", 404),
        ("GET", "/admin", 404),
        ("GET", "/signup", 405),
        ("GET", "/signup/", 404),
        ("POST", "/token", 400),
        ("POST", "/token?grant_type=pkce", 400),
        ("POST", "/token?grant_type=password&grant_type=refresh_token", 400),
    ],
)
async def test_what_is_not_there_is_refused_in_the_same_shape(
    closed_server: AuthServer, method: str, path: str, status: int
) -> None:
    answer = await closed_server.http(**NEW).request(method, path)

    assert answer.status_code == status
    assert answer.json().keys() == {"code", "message"}


async def test_the_public_keys_need_no_key_and_hold_nothing_private(
    closed_server: AuthServer,
) -> None:
    answer = await closed_server.http(apikey="").get("/.well-known/jwks.json")

    assert answer.headers["cache-control"] == "public, max-age=600"
    (key,) = answer.json()["keys"]
    assert key["kid"] == closed_server.signer.kid
    assert key.keys() == {"kty", "crv", "x", "y", "alg", "use", "key_ops", "ext", "kid"}


async def test_settings_and_health_say_what_there_is(closed_server: AuthServer) -> None:
    http = closed_server.http()

    offered = (await http.get("/settings")).json()

    assert offered["mailer_autoconfirm"] is True
    assert {name for name, is_on in offered["external"].items() if is_on} == {"email"}
    assert (await http.get("/health")).json().keys() == {"name", "version", "description"}


@pytest.mark.parametrize("path", ["/user", "/logout"])
@pytest.mark.parametrize(
    ("bearer", "status", "code"),
    [
        (None, 401, "no_authorization"),
        ("Basic YTpi", 401, "no_authorization"),
        ("Bearer ", 401, "no_authorization"),
        (f"Bearer {KEY}", 401, "no_authorization"),
        ("Bearer sb_secret_test", 401, "no_authorization"),
        ("Bearer nonsense", 403, "bad_jwt"),
        ("Bearer ' OR '1'='1", 403, "bad_jwt"),
        pytest.param(
            "Bearer " + new_signer().sign(good_claims()), 403, "bad_jwt", id="a stranger's token"
        ),
    ],
)
async def test_without_a_users_token_nobody_has_an_account(
    closed_server: AuthServer, path: str, bearer: str | None, status: int, code: str
) -> None:
    http = closed_server.http(**({"Authorization": bearer} if bearer else {}))

    answer = await http.request("GET" if path == "/user" else "POST", path)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_host_header_changes_nothing(closed_server: AuthServer) -> None:
    answer = await closed_server.http(Host="x?y/auth/v1/settings").get("/user")

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"password": "1234567"}, 422, "weak_password"),
        ({"password": "x" * 73}, 400, "validation_failed"),
        ({"password": "é" * 37}, 400, "validation_failed"),
        ({"password": ""}, 400, "validation_failed"),
        ({"password": None}, 400, "validation_failed"),
        ({"password": 12345678}, 400, "validation_failed"),
        ({"email": ""}, 400, "validation_failed"),
        ({"email": "no address"}, 400, "validation_failed"),
        ({"email": "a@b\x00.c"}, 400, "validation_failed"),
        ({"email": "a@b@c"}, 400, "validation_failed"),
        ({"email": "a@b\nX: y"}, 400, "validation_failed"),
        ({"email": "a" * 251 + "@b.cd"}, 400, "validation_failed"),
        ({"email": ["a@b.c"]}, 400, "validation_failed"),
        ({"email": None, "password": None}, 422, "anonymous_provider_disabled"),
        ({"phone": "+15550100"}, 400, "phone_provider_disabled"),
        ({"data": [1]}, 400, "validation_failed"),
        ({"data": {"a": "\x00"}}, 400, "validation_failed"),
        ({"data": {"a": "x" * 5000}}, 400, "validation_failed"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_sign_up_that_cannot_be_is_refused_and_says_why(
    closed_server: AuthServer, changes: dict[str, object], status: int, code: str
) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, **changes}

    answer = await closed_server.post("/signup", body)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)


async def test_a_sign_up_without_the_projects_key_does_nothing(closed_server: AuthServer) -> None:
    body = {"email": "a@example.com", "password": PASSWORD}

    for wrong_key in ("", KEY + "x"):
        answer = await closed_server.post("/signup", body, apikey=wrong_key)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    in_query = await closed_server.post(f"/signup?apikey={KEY}", body, apikey="")

    assert in_query.status_code == 401
