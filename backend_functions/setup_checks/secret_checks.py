"""Secrets that everybody knows, that are too weak, or that stand in each other's place. Pure."""

import string
from typing import Final
from urllib.parse import unquote, urlsplit

from jwt import PyJWS, PyJWTError

from backend_functions.access.claims import read_object
from backend_functions.settings import Settings
from backend_functions.setup_checks.finding import Finding

# What Supabase's own examples and its CLI come with.
# Source: https://github.com/supabase/supabase/blob/master/docker/.env.example, `supabase status`
_KNOWN_JWT_SECRETS: Final = frozenset(
    (
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "super-secret-jwt-token-with-at-least-32-characters-long",
    )
)
_KNOWN_KEYS: Final = frozenset(
    (
        "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
        "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
    )
)
_KNOWN_PASSWORDS: Final = frozenset(
    ("", "postgres", "password", "your-super-secret-and-long-postgres-password")
)
_DEMO_ISSUER: Final = "supabase-demo"
_FEWEST_CHARACTERS: Final = 32
_FEWEST_KINDS: Final = 10
_FEWEST_BYTES: Final = 20
_PRINTABLE: Final = frozenset(string.printable.encode())

_RENEW_KEYS: Final = (
    "Make new keys: on a hosted project under Settings, API keys; on a self-hosted one with"
    " `supabase gen bearer-jwt` or its key generator."
)


def check_secrets(settings: Settings) -> list[Finding]:
    """Return what is wrong, or right, with each secret."""
    return [
        _check_keys(settings),
        _check_jwt_secret(settings),
        _check_master_keys(settings),
        _check_database_password(settings),
    ]


def _check_keys(settings: Settings) -> Finding:
    name = "API keys"
    if _role(settings.publishable_key) == "secret":
        return Finding(
            name,
            "SUPABASE_ANON_KEY holds the secret key, which clients would be told.",
            "Set it to the publishable (anon) key, and make a new secret key.",
        )
    if _role(settings.secret_key) == "public":
        return Finding(
            name,
            "SUPABASE_SERVICE_ROLE_KEY holds the publishable key, which may do nothing.",
            "Set it to the secret (service_role) key.",
        )
    for key in (settings.publishable_key, settings.secret_key):
        if key in _KNOWN_KEYS or _claim(key, "iss") == _DEMO_ISSUER:
            return Finding(name, "A key is the one of Supabase's examples.", _RENEW_KEYS)
    foreign = [key for key in (settings.publishable_key, settings.secret_key) if _is_legacy(key)]
    if settings.jwt_secret and any(not _is_signed(key, settings.jwt_secret) for key in foreign):
        return Finding(
            name,
            "A legacy key is not signed with SUPABASE_JWT_SECRET.",
            "Take keys and secret from the same project.",
        )
    return Finding(name, "They are two, each in its place.")


def _check_jwt_secret(settings: Settings) -> Finding:
    name, secret = "JWT secret", settings.jwt_secret
    if secret is None:
        return Finding(name, "None: tokens are verified with public keys alone.")
    fix = (
        "Set a random one at the auth service and here (`openssl rand -hex 32`), or leave it out"
        " where the project signs with asymmetric keys."
    )
    if secret in _KNOWN_JWT_SECRETS:
        return Finding(name, "SUPABASE_JWT_SECRET is that of Supabase's examples.", fix)
    if len(secret) < _FEWEST_CHARACTERS or len(set(secret)) < _FEWEST_KINDS:
        return Finding(name, "SUPABASE_JWT_SECRET can be guessed: too short, or too even.", fix)
    return Finding(name, "Long enough, and none that everybody knows.")


def _check_master_keys(settings: Settings) -> Finding:
    name = "master keys"
    weak = [key.id for key in settings.master_keys if not _is_random(key.secret)]
    if weak:
        return Finding(
            name,
            f"POCKETLLM_MASTER_KEYS: {', '.join(weak)} is text or a pattern, not random bytes.",
            "Make one with `openssl rand -base64 32`, put it first, and run"
            " `python -m backend_functions.admin keys rotate`.",
        )
    return Finding(name, f"{len(settings.master_keys)}, of 32 random bytes.")


def _is_random(secret: bytes) -> bool:
    # 32 random bytes are all printable once in 10^13 times, and fewer than 20 of them differ once
    # in 10^10 times.
    return not set(secret) <= _PRINTABLE and len(set(secret)) >= _FEWEST_BYTES


def _check_database_password(settings: Settings) -> Finding:
    name = "database password"
    try:
        password = unquote(urlsplit(settings.database_url).password or "")
    except ValueError:
        password = "x"  # noqa: S105 - no address at all, which connecting will tell
    if password in _KNOWN_PASSWORDS and "@" in settings.database_url:
        return Finding(
            name,
            "The password in SUPABASE_DB_URL is none, or one that everybody tries.",
            "Set another at the database (`alter role … password …`) and in SUPABASE_DB_URL.",
        )
    return Finding(name, "None that everybody tries.")


def _role(key: str) -> str | None:
    """Return `public` or `secret`; None for a key of which nobody can say."""
    for beginning, kind in (("sb_publishable_", "public"), ("sb_secret_", "secret")):
        if key.startswith(beginning):
            return kind
    return {"anon": "public", "service_role": "secret"}.get(str(_claim(key, "role")))


def _is_legacy(key: str) -> bool:
    return _claim(key, "role") is not None


def _claim(key: str, name: str) -> object:
    try:
        unverified = PyJWS().decode_complete(key, options={"verify_signature": False})
        return read_object(unverified["payload"]).get(name)
    except (PyJWTError, ValueError):
        return None


def _is_signed(key: str, secret: str) -> bool:
    try:
        PyJWS().decode_complete(key, secret.encode(), algorithms=["HS256"])
    except PyJWTError:
        return False
    return True
