"""What this backend does not do is refused as the service it stands for refuses it."""

from dataclasses import replace

import pytest

from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/authorize?provider=google", None, 400, "validation_failed"),
        ("POST", "/sso", {"domain": "x"}, 404, "saml_provider_disabled"),
        ("POST", "/token?grant_type=id_token", {}, 400, "provider_disabled"),
        ("POST", "/token?grant_type=web3", {}, 422, "web3_provider_disabled"),
        ("POST", "/signup", {"data": {}}, 422, "anonymous_provider_disabled"),
        ("POST", "/signup", {"phone": "+15550100"}, 400, "phone_provider_disabled"),
        ("POST", "/otp", {"phone": "+15550100"}, 400, "phone_provider_disabled"),
        ("POST", "/otp", {"phone": "nonsense"}, 400, "validation_failed"),
        ("POST", "/resend", {"type": "sms", "phone": "+15550100"}, 400, "phone_provider_disabled"),
        (
            "POST",
            "/verify",
            {"type": "sms", "phone": "+15550100", "token": "1"},
            403,
            "otp_expired",
        ),
        ("POST", "/passkeys/authentication/options", {}, 404, "passkey_disabled"),
        ("GET", "/oauth/authorizations/1", None, 404, "feature_disabled"),
        ("POST", "/factors", {"factor_type": "totp"}, 401, "no_authorization"),
    ],
)
async def test_strangers_are_told_what_is_off(
    closed_server: AuthServer, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = await closed_server.http().request(method, path, json=body)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)


@pytest.mark.db
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/factors", 422, "mfa_totp_enroll_not_enabled"),
        ("DELETE", "/factors/x", 404, "mfa_factor_not_found"),
        ("GET", "/user/identities/authorize?provider=google", 404, "manual_linking_disabled"),
        ("DELETE", "/user/identities/x", 404, "manual_linking_disabled"),
    ],
)
async def test_signed_in_people_are_told_what_is_off(
    server: AuthServer, method: str, path: str, status: int, code: str
) -> None:
    session = await server.sign_up()
    http = server.http(Authorization=f"Bearer {session['access_token']}")

    answer = await http.request(method, path, json={})

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (status, code)


@pytest.mark.parametrize("path", ["/signup", "/otp", "/token?grant_type=password"])
async def test_a_backend_that_takes_nobody_says_so(closed_server: AuthServer, path: str) -> None:
    settings = replace(closed_server.settings, takes_sign_ups=False, takes_email=False)
    server = AuthServer(closed_server.database, settings=settings)

    answer = await server.post(path, {"email": "a@example.com", "password": PASSWORD})

    offered = (await server.http().get("/settings")).json()
    code = "signup_disabled" if path == "/signup" else "email_provider_disabled"
    assert answer.headers["x-sb-error-code"] == code
    assert offered["disable_signup"] is True
    assert offered["external"]["email"] is False
