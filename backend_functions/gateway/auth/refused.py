"""What a hosted project's auth service may do and this one does not, refused in its own words.

Second factors, phones, other people's sign-in pages, single sign-on, wallets, passkeys and being
a sign-in page for others.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.gateway.auth.admin_access import require_service
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.own_session import find_own, identify
from backend_functions.gateway.auth.parts import Parts

Endpoint = Callable[[Parts, Request], Awaitable[Response]]


def refuse(status: int, code: str, message: str) -> Endpoint:
    """Return an endpoint that says no to everybody."""

    async def refused(parts: Parts, request: Request) -> Response:
        raise AuthRefused(status, code, message)

    return refused


def refuse_service(status: int, code: str, message: str) -> Endpoint:
    """Return an endpoint that says no to the service, and to others that it is not theirs."""

    async def refused(parts: Parts, request: Request) -> Response:
        await require_service(parts, request)
        raise AuthRefused(status, code, message)

    return refused


def refuse_users(status: int, code: str, message: str) -> Endpoint:
    """Return an endpoint that says no to signed-in people, and to others that they are not."""

    async def refused(parts: Parts, request: Request) -> Response:
        caller = await identify(parts, request)
        async with parts.transaction() as connection:
            await find_own(connection, caller)
        raise AuthRefused(status, code, message)

    return refused


_NO_LINKING = (404, "manual_linking_disabled", "Manual linking is disabled")
_NO_FACTOR = (404, "mfa_factor_not_found", "Factor not found")
_NO_SAML = (404, "saml_provider_disabled", "SAML 2.0 is disabled")
_NO_OAUTH_SERVER = (404, "feature_disabled", "OAuth server is disabled")
_NO_PASSKEYS = (404, "passkey_disabled", "Passkeys are disabled")

NO_ID_TOKEN = refuse(400, "provider_disabled", "Sign-in with an id token is not enabled")
NO_WALLET = refuse(422, "web3_provider_disabled", "Web3 provider is disabled")

REFUSED_WITH_KEY: list[tuple[str, str, Endpoint]] = [
    (
        "POST",
        "/factors",
        refuse_users(422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP"),
    ),
    ("DELETE", "/factors/{factor_id}", refuse_users(*_NO_FACTOR)),
    ("POST", "/factors/{factor_id}/challenge", refuse_users(*_NO_FACTOR)),
    ("POST", "/factors/{factor_id}/verify", refuse_users(*_NO_FACTOR)),
    ("GET", "/user/identities/authorize", refuse_users(*_NO_LINKING)),
    ("DELETE", "/user/identities/{identity_id}", refuse_users(*_NO_LINKING)),
    *(
        (method, path, refuse_service(*no))
        for method in ("GET", "POST", "PUT", "DELETE")
        for path, no in (
            ("/admin/users/{user_id}/factors/{factor_id}", _NO_FACTOR),
            ("/admin/sso/{rest:path}", _NO_SAML),
            ("/admin/oauth/{rest:path}", _NO_OAUTH_SERVER),
        )
    ),
    ("POST", "/sso", refuse(*_NO_SAML)),
    ("POST", "/passkeys/{rest:path}", refuse(*_NO_PASSKEYS)),
    ("GET", "/passkeys", refuse(*_NO_PASSKEYS)),
    ("GET", "/oauth/{rest:path}", refuse(*_NO_OAUTH_SERVER)),
    ("POST", "/oauth/{rest:path}", refuse(*_NO_OAUTH_SERVER)),
]
REFUSED_WITHOUT_KEY: list[tuple[str, str, Endpoint]] = [
    (
        "GET",
        "/authorize",
        refuse(400, "validation_failed", "Unsupported provider: provider is not enabled"),
    ),
    ("GET", "/callback", refuse(400, "bad_oauth_callback", "OAuth state parameter missing")),
    ("GET", "/sso/saml/{rest:path}", refuse(*_NO_SAML)),
    ("POST", "/sso/saml/{rest:path}", refuse(*_NO_SAML)),
]
