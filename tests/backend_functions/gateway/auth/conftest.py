"""The auth service over a database of its own, driven by the client that people use."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from supabase_auth import AsyncGoTrueAdminAPI, AsyncGoTrueClient
from supabase_auth.types import AuthFlowType

from backend_functions.access import ApiKeys, FixedKeys, TokenVerifier
from backend_functions.db.pool import Database
from backend_functions.gateway.auth.mails import Mail
from backend_functions.gateway.auth.parts import Limits, UserCreated
from backend_functions.gateway.auth.routes import auth_routes
from backend_functions.gateway.auth.sessions import session_check
from backend_functions.settings import AuthSettings
from tests.backend_functions.gateway.auth.tokens import (
    ISSUER,
    LEGACY_SECRET,
    new_pem,
    new_signer,
)

KEY = "sb_publishable_test"
SECRET_KEY = "sb_secret_test"
SITE = "https://site.example/app"
PASSWORD = "correct horse"


@dataclass
class AuthServer:
    """A running auth service and ways to talk to it."""

    database: Database
    limits: Limits = field(default_factory=Limits)
    on_user_created: UserCreated | None = None
    bcrypt_cost: int = 4
    address: str = "127.0.0.1"
    pem: str = field(default_factory=new_pem)
    settings: AuthSettings = field(default_factory=lambda: AuthSettings(site_url=SITE))
    mails: list[Mail] = field(default_factory=list)
    prune_seconds: float = 600.0

    def __post_init__(self) -> None:
        self.signer = new_signer(pem=self.pem)
        self.verifier = TokenVerifier(
            issuer=ISSUER,
            keys=FixedKeys(self.signer.public_keys),
            is_session_live=session_check(self.database),
        )
        self.app = FastAPI()
        self.app.router.routes.extend(
            auth_routes(
                self.database,
                self.signer,
                self.verifier,
                ApiKeys(publishable=(KEY,), secret=(SECRET_KEY,), legacy_secret=LEGACY_SECRET),
                settings=self.settings,
                send_mail=self.keep_mail,
                on_user_created=self.on_user_created,
                limits=self.limits,
                bcrypt_cost=self.bcrypt_cost,
                prune_seconds=self.prune_seconds,
            )
        )

    def prune_after_every_answer(self) -> None:
        self.prune_seconds = 0.0
        self.__post_init__()

    async def keep_mail(self, mail: Mail) -> None:
        self.mails.append(mail)

    def http(self, address: str | None = None, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address or self.address, 1))
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://backend/auth/v1",
            headers={"apikey": KEY, **headers},
        )

    def client(
        self, address: str | None = None, *, flow_type: AuthFlowType = "implicit"
    ) -> AsyncGoTrueClient:
        return AsyncGoTrueClient(
            url="http://backend/auth/v1",
            headers={"apikey": KEY, "Authorization": f"Bearer {KEY}"},
            auto_refresh_token=False,
            flow_type=flow_type,
            http_client=self.http(address),
        )

    def service(self) -> AsyncGoTrueAdminAPI:
        return AsyncGoTrueAdminAPI(
            url="http://backend/auth/v1",
            headers={"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"},
            http_client=self.http(apikey=SECRET_KEY),
        )

    async def follow(self, link: str) -> httpx.URL:
        """Open a link as a browser does, without any key; give where it leads."""
        path = link.removeprefix(ISSUER)
        transport = httpx.ASGITransport(self.app, client=(self.address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://backend") as browser:
            answer = await browser.get(f"/auth/v1{path}")
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"])

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http(**headers).post(path, json=body)

    async def sign_up(self, email: str = "alice@example.com") -> dict[str, Any]:
        response = await self.post("/signup", {"email": email, "password": PASSWORD})
        assert response.status_code == 200, response.text
        session: dict[str, Any] = response.json()
        return session

    async def refresh(self, token: str) -> httpx.Response:
        return await self.post("/token?grant_type=refresh_token", {"refresh_token": token})

    async def is_let_in(self, session: dict[str, Any]) -> bool:
        bearer = {"Authorization": f"Bearer {session['access_token']}"}
        return (await self.http(**bearer).get("/user")).status_code == 200


UNHURRIED = Limits(
    mails_per_account=(1000, 60.0), mails_per_address=(1000, 60.0), mail_answer_seconds=0.0
)
"""For tests that ask for several mails, and are not about how many one may ask for."""


@pytest.fixture
async def patient(db: Database) -> AuthServer:
    """Give a server that sends mails as fast as they are asked for."""
    return AuthServer(db, limits=UNHURRIED)


@pytest.fixture
async def strict(db: Database) -> AuthServer:
    """Give one where nobody is in before a mail has been answered."""
    settings = AuthSettings(site_url=SITE, confirms_at_once=False)
    return AuthServer(db, limits=UNHURRIED, settings=settings)


@pytest.fixture
async def server(db: Database) -> AuthServer:
    return AuthServer(db)


@pytest.fixture
async def closed_server() -> AuthServer:
    """Give a server whose database cannot be reached, for what must not even ask it."""
    return AuthServer(Database("postgresql://nobody@127.0.0.1:1/none"))


def user_id_of(session: dict[str, Any]) -> UUID:
    return UUID(session["user"]["id"])
