"""The routes under /auth/v1. Each checks the caller itself; none trusts its place in a path."""

from collections.abc import Awaitable, Callable

import psycopg
import structlog
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from backend_functions import __version__
from backend_functions.access import ApiKeys, TokenVerifier, identify_key, read_api_key
from backend_functions.db.pool import Database
from backend_functions.errors import ServiceError
from backend_functions.gateway.auth.admin_links import generate_link, invite
from backend_functions.gateway.auth.admin_users import (
    create_one,
    delete_one,
    get_one,
    list_all,
    list_factors,
    update_one,
)
from backend_functions.gateway.auth.failures import AuthRefused, render_failure
from backend_functions.gateway.auth.flows import exchange_code
from backend_functions.gateway.auth.mail_requests import (
    send_again,
    send_recovery,
    send_sign_in_code,
)
from backend_functions.gateway.auth.mails import SendMail
from backend_functions.gateway.auth.own_user import (
    get_user,
    reauthenticate,
    sign_out,
    update_user,
)
from backend_functions.gateway.auth.parts import (
    Guards,
    Limits,
    Parts,
    UserCreated,
    UserDeleted,
    answer,
)
from backend_functions.gateway.auth.passwords import Passwords
from backend_functions.gateway.auth.pruning import PRUNE_SECONDS, Pruning, prune
from backend_functions.gateway.auth.refresh import refresh
from backend_functions.gateway.auth.refused import (
    NO_ID_TOKEN,
    NO_WALLET,
    REFUSED_WITH_KEY,
    REFUSED_WITHOUT_KEY,
    Endpoint,
)
from backend_functions.gateway.auth.sign_in import sign_in
from backend_functions.gateway.auth.sign_up import sign_up
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.gateway.auth.verify import follow_link, verify_code
from backend_functions.settings import AuthSettings

log = structlog.get_logger(__name__)

_SERVICE_CODES = {
    400: "validation_failed",
    401: "no_authorization",
    408: "request_timeout",
    413: "validation_failed",
}
_GRANTS: dict[str, Endpoint] = {
    "password": sign_in,
    "refresh_token": refresh,
    "pkce": exchange_code,
    "id_token": NO_ID_TOKEN,
    "web3": NO_WALLET,
}


def auth_routes(
    database: Database,
    signer: TokenSigner,
    verifier: TokenVerifier,
    keys: ApiKeys,
    *,
    settings: AuthSettings,
    send_mail: SendMail,
    on_user_created: UserCreated | None = None,
    on_user_deleted: UserDeleted | None = None,
    limits: Limits | None = None,
    bcrypt_cost: int = 10,
    prune_seconds: float = PRUNE_SECONDS,
) -> list[BaseRoute]:
    """Return the auth service as routes of an application.

    Args:
        verifier: Must verify with the signer's public keys; is told when sessions end.
        keys: One of them is needed for everything but the public keys and what browsers follow.
        send_mail: Takes every mail, inside the transaction that is about it.
        on_user_created: Runs inside the transaction of a sign-up; may take another role in it.
        on_user_deleted: Runs when a user is gone for good, before that is answered.
        prune_seconds: How long at least until what is old is removed again.
    """
    passwords, guards = Passwords(cost=bcrypt_cost), Guards(limits or Limits())
    parts = Parts(
        database,
        signer,
        verifier,
        keys,
        passwords,
        guards,
        settings,
        send_mail,
        on_user_created,
        on_user_deleted,
    )
    bind = _binder(parts, Pruning(every_seconds=prune_seconds))
    routes = [
        Route(path, bind(endpoint, needs_key=needs_key), methods=[method])
        for needs_key, table in ((True, _WITH_KEY), (False, _WITHOUT_KEY))
        for method, path, endpoint in table
    ]
    return [Mount("/auth/v1", _application(routes), name="auth")]


def _application(routes: list[Route]) -> Starlette:
    application = Starlette(
        routes=routes,
        exception_handlers={
            AuthRefused: _on_refused,
            ServiceError: _on_service_error,
            HTTPException: _on_http_exception,
            psycopg.OperationalError: _on_database_trouble,
            OSError: _on_mail_trouble,
            Exception: _on_anything,
        },
    )
    # A redirect would be built from the Host header.
    application.router.redirect_slashes = False
    return application


def _binder(
    parts: Parts, pruning: Pruning
) -> Callable[..., Callable[[Request], Awaitable[Response]]]:
    def bind(endpoint: Endpoint, *, needs_key: bool) -> Callable[[Request], Awaitable[Response]]:
        async def bound(request: Request) -> Response:
            if needs_key:
                identify_key(read_api_key(request.headers), parts.keys)
            response = await endpoint(parts, request)
            if pruning.is_due():
                response.background = BackgroundTask(prune, parts)
            return response

        return bound

    return bind


async def _token(parts: Parts, request: Request) -> Response:
    grants = request.query_params.getlist("grant_type")
    grant = _GRANTS.get(grants[0]) if len(grants) == 1 else None
    if grant is None:
        raise AuthRefused(400, "invalid_credentials", "unsupported_grant_type")
    return await grant(parts, request)


async def _jwks(parts: Parts, request: Request) -> Response:
    return answer(parts.signer.jwks(), cache="public, max-age=600")


async def _settings(parts: Parts, request: Request) -> Response:
    takes_email = parts.settings.takes_email
    return answer(
        {
            "external": {"email": takes_email, "phone": False, "anonymous_users": False},
            "disable_signup": not parts.settings.takes_sign_ups,
            "mailer_autoconfirm": parts.settings.confirms_at_once,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
        }
    )


async def _health(parts: Parts, request: Request) -> Response:
    return answer(
        {
            "name": "PocketLLM auth",
            "version": __version__,
            "description": "Users and sessions of an embedded backend",
        }
    )


_WITH_KEY: list[tuple[str, str, Endpoint]] = [
    ("POST", "/signup", sign_up),
    ("POST", "/token", _token),
    ("POST", "/logout", sign_out),
    ("GET", "/user", get_user),
    ("PUT", "/user", update_user),
    ("GET", "/reauthenticate", reauthenticate),
    ("POST", "/otp", send_sign_in_code),
    ("POST", "/magiclink", send_sign_in_code),
    ("POST", "/recover", send_recovery),
    ("POST", "/resend", send_again),
    ("POST", "/verify", verify_code),
    ("POST", "/invite", invite),
    ("POST", "/admin/generate_link", generate_link),
    ("GET", "/admin/users", list_all),
    ("POST", "/admin/users", create_one),
    ("GET", "/admin/users/{user_id}", get_one),
    ("PUT", "/admin/users/{user_id}", update_one),
    ("DELETE", "/admin/users/{user_id}", delete_one),
    ("GET", "/admin/users/{user_id}/factors", list_factors),
    ("GET", "/settings", _settings),
    ("GET", "/health", _health),
    *REFUSED_WITH_KEY,
]
_WITHOUT_KEY: list[tuple[str, str, Endpoint]] = [
    ("GET", "/.well-known/jwks.json", _jwks),
    ("GET", "/verify", follow_link),
    *REFUSED_WITHOUT_KEY,
]


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AuthRefused)
    return render_failure(request, error)


async def _on_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    code = _SERVICE_CODES.get(error.status, "unexpected_failure")
    headers = {"Connection": "close"} if error.status == 408 else None
    return render_failure(request, AuthRefused(error.status, code, error.message, headers=headers))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "validation_failed")
    refused = AuthRefused(error.status_code, code, error.detail, headers=error.headers)
    return render_failure(request, refused)


async def _on_database_trouble(request: Request, error: Exception) -> Response:
    message = "The service is not available right now"
    return render_failure(request, AuthRefused(503, "request_timeout", message))


async def _on_mail_trouble(request: Request, error: Exception) -> Response:
    log.error("a mail was not kept", error=type(error).__name__)
    return render_failure(request, AuthRefused(500, "unexpected_failure", "Error sending email"))


async def _on_anything(request: Request, error: Exception) -> Response:
    # The last resort: the server logs the exception, which goes on after this answer.
    return render_failure(
        request, AuthRefused(500, "unexpected_failure", "Unexpected failure, please try again")
    )
