"""The app of the embedded backend: all services of a project, on one Postgres."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI, Request

from backend_functions.access import ApiKeys, TokenVerifier, identify_gateway_caller
from backend_functions.app import Services, function_routes, make_app
from backend_functions.embedded.machine_keys import MachineKeys
from backend_functions.embedded.new_user import give_local_model
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.gateway.auth.mails import SendMail
from backend_functions.gateway.auth.parts import UserCreated
from backend_functions.gateway.auth.routes import auth_routes
from backend_functions.gateway.auth.sessions import session_check
from backend_functions.gateway.browsers import ForBrowsers
from backend_functions.gateway.realtime.routes import Realtime
from backend_functions.gateway.rest.routes import rest_routes
from backend_functions.gateway.secret_keys import NoSecretKeysInBrowsers
from backend_functions.gateway.storage.asked import Served
from backend_functions.gateway.storage.callers import identify_storage_caller
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.leftovers import remove_objects_of
from backend_functions.gateway.storage.routes import storage_routes
from backend_functions.gateway.storage.signatures import UrlSigner
from backend_functions.gateway.storage.store import StoredObjects
from backend_functions.settings import AuthSettings
from backend_functions.types import Caller

ForgetMails = Callable[[str], Awaitable[None]]

_MAX_OBJECT_BYTES = 50 * 1024 * 1024
"""As a new hosted project has it."""


def embedded_app(
    services: Services,
    keys: MachineKeys,
    objects: ObjectFolder,
    tokens: TokenKeys,
    auth_settings: AuthSettings,
    send_mail: SendMail,
    *,
    feed_url: str,
    on_user_created: UserCreated | None = give_local_model,
    forget_mails: ForgetMails | None = None,
) -> FastAPI:
    """Return the app that answers for all services of a project.

    Args:
        objects: Where Storage keeps its files.
        tokens: What signs and verifies tokens; whoever made it may change its keys.
        send_mail: Takes the auth service's mails.
        feed_url: A login of the database with the right to replicate, for Realtime.
        on_user_created: Gives a new user what they start with.
        forget_mails: Removes the mails to an address whose user is gone.
    """
    settings, database = services.settings, services.database
    verifier = TokenVerifier(
        issuer=settings.issuer, keys=tokens.trusted, is_session_live=session_check(database)
    )
    api_keys = ApiKeys(
        (settings.publishable_key,), (settings.secret_key,), keys.legacy_secret or None
    )

    async def identify(request: Request) -> Caller:
        return await identify_gateway_caller(request.headers, verifier, api_keys)

    async def identify_for_storage(request: Request) -> Caller | None:
        return await identify_storage_caller(request.headers, verifier, api_keys)

    stored = StoredObjects(database, objects, max_bytes=_MAX_OBJECT_BYTES)
    storage = Served(stored, UrlSigner(keys.storage_key), identify_for_storage)
    realtime = Realtime.build(database, feed_url, verifier, api_keys)

    async def remove_the_rest(user_id: UUID, email: str | None) -> None:
        await remove_objects_of(stored, user_id)
        if forget_mails is not None and email:
            await forget_mails(email)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with services.lifespan(app), realtime.lifespan():
            yield

    app = make_app(services, function_routes(services, verifier), lifespan=lifespan)
    app.add_middleware(NoSecretKeysInBrowsers)
    app.add_middleware(ForBrowsers)  # around the one above: a page may read why it is refused
    app.router.routes.append(realtime.routes())
    app.router.routes.append(rest_routes(database, identify))
    app.router.routes.append(storage_routes(storage))
    app.router.routes.extend(
        auth_routes(
            database,
            tokens.signer,
            verifier,
            api_keys,
            settings=auth_settings,
            send_mail=send_mail,
            on_user_created=on_user_created,
            on_user_deleted=remove_the_rest,
        )
    )
    return app
