"""The app of the embedded backend: Auth and data API beside the functions, on one Postgres."""

from collections.abc import Sequence

from fastapi import FastAPI, Request
from starlette.routing import BaseRoute

from backend_functions.access import ApiKeys, FixedKeys, TokenVerifier, identify_gateway_caller
from backend_functions.app import Services, function_routes, make_app
from backend_functions.db.pool import Database
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.embedded.new_user import give_local_model
from backend_functions.gateway.auth.routes import auth_routes
from backend_functions.gateway.auth.sessions import session_check
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.gateway.rest.routes import rest_routes
from backend_functions.settings import Settings
from backend_functions.types import Caller


def embedded_app(services: Services, keys: MachineKeys) -> FastAPI:
    """Return the app that answers for all services of a project."""
    settings, database = services.settings, services.database
    signer = TokenSigner(keys.signing_key_pem, issuer=settings.issuer)
    verifier = TokenVerifier(
        issuer=settings.issuer,
        keys=FixedKeys(signer.public_keys),
        is_session_live=session_check(database),
    )
    app = make_app(services, function_routes(services, verifier))
    app.router.routes.extend(_gateway_routes(database, settings, signer, verifier))
    return app


def _gateway_routes(
    database: Database, settings: Settings, signer: TokenSigner, verifier: TokenVerifier
) -> Sequence[BaseRoute]:
    keys = ApiKeys((settings.publishable_key,), (settings.secret_key,))

    async def identify(request: Request) -> Caller:
        return await identify_gateway_caller(request.headers, verifier, keys)

    return [
        *auth_routes(database, signer, verifier, keys, on_user_created=give_local_model),
        *rest_routes(database, identify),
    ]
