"""Whether the project's public keys can be had from here: without them nobody is let in."""

from typing import Final

import httpx
import orjson

from backend_functions.access.keys import read_jwks
from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.settings import Settings
from backend_functions.setup_checks.finding import Finding

_NAME: Final = "public keys"
_MOST_BYTES: Final = 64 * 1024


async def check_public_keys(settings: Settings) -> Finding:
    """Fetch them as the server does."""
    policy = EgressPolicy.for_mode(settings.mode)
    try:
        async with open_client(
            policy, settings.limits, own_project=settings.private_address
        ) as http:
            response = await http.get(settings.jwks_url, headers={"accept": "application/json"})
            document = orjson.loads(response.content[:_MOST_BYTES])
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return Finding(
            _NAME,
            "They cannot be fetched: nobody answers at the project's address, as far as this"
            " server may call it.",
            "Check SUPABASE_URL and SUPABASE_JWKS_URL; for a project at a private address set"
            " POCKETLLM_PRIVATE_PROJECT=on.",
        )
    except ValueError:
        document = None
    keys = read_jwks(document) if isinstance(document, dict) else []
    if keys:
        return Finding(_NAME, f"{len(keys)} at {settings.jwks_url}.")
    if settings.jwt_secret:
        return Finding(_NAME, "None: tokens are verified with SUPABASE_JWT_SECRET alone.")
    return Finding(
        _NAME,
        f"There are none at {settings.jwks_url}, and no SUPABASE_JWT_SECRET: nobody could sign in.",
        "Set SUPABASE_JWT_SECRET (Settings, JWT keys), or move the project to signing keys.",
    )
