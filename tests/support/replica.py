"""One of several servers on one database, a process of its own (`uvicorn --factory …:app`).

It calls providers on loopback, which a hosted one would not.
"""

import os

from fastapi import FastAPI

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.gateway.auth.tokens import TokenSigner
from backend_functions.settings import Limits, Settings, parse_master_keys

ISSUER = "http://test/auth/v1"


def app() -> FastAPI:
    settings = Settings(
        mode="embedded",
        supabase_url="http://test",
        database_url=os.environ["TEST_DATABASE_URL"],
        publishable_key="sb_publishable_test",
        secret_key="sb_secret_test",
        master_keys=parse_master_keys(os.environ["TEST_MASTER_KEYS"]),
        limits=Limits(max_running_answers=100),
    )
    services = Services.build(settings)
    signer = TokenSigner(os.environ["TEST_SIGNING_KEY"], issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(signer.public_keys))
    return make_app(services, function_routes(services, verifier))
