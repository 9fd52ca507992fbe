"""The auth service over a database of its own, driven by the client that people use."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from supabase_auth import AsyncGoTrueClient

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
            )
        )

    async def keep_mail(self, mail: Mail) -> None:
        self.mails.append(mail)

    def http(self, address: str | None = None, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address or self.address, 1))
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://backend/auth/v1",
            headers={"apikey": KEY, **headers},
        )

    def client(self, address: str | None = None) -> AsyncGoTrueClient:
        return AsyncGoTrueClient(
            url="http://backend/auth/v1",
            headers={"apikey": KEY, "Authorization": f"Bearer {KEY}"},
            auto_refresh_token=False,
            http_client=self.http(address),
        )

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


@pytest.fixture
async def server(db: Database) -> AuthServer:
    return AuthServer(db)


@pytest.fixture
async def closed_server() -> AuthServer:
    """Give a server whose database cannot be reached, for what must not even ask it."""
    return AuthServer(Database("postgresql://nobody@127.0.0.1:1/none"))


def user_id_of(session: dict[str, Any]) -> UUID:
    return UUID(session["user"]["id"])
