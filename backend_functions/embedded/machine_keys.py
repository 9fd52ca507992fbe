"""The keys of this machine's backend: made once, kept in one 0600 file, never shown in a repr."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backend_functions.embedded.files import write_private
from backend_functions.gateway.auth.tokens import key_id


class BrokenKeys(Exception):
    """The file of keys cannot be read; without it stored provider keys cannot be opened."""


@dataclass(frozen=True, slots=True)
class RetiredKey:
    """The public half of a key that signed tokens; the private half is gone."""

    public_pem: str
    until: float
    """Seconds since 1970; the last token it signed has ended then."""


@dataclass(frozen=True, slots=True)
class MachineKeys:
    """Passwords of the database, API keys, the key that signs tokens and the one that seals."""

    publishable_key: str
    secret_key: str = field(repr=False)
    admin_password: str = field(repr=False)
    owner_password: str = field(repr=False)
    login_password: str = field(repr=False)
    signing_key_pem: str = field(repr=False)
    """ES256 private key, PKCS #8."""
    master_keys: str = field(repr=False)
    """As `POCKETLLM_MASTER_KEYS`."""
    model_key: str = field(repr=False)
    """What the local model's server asks for."""
    legacy_secret: str = field(default="", repr=False)
    """Signs API keys of the older kind, which are tokens; empty where there are none."""
    storage_key: str = field(default="", repr=False)
    """Signs the URLs of single objects."""
    standby_key_pem: str = field(default="", repr=False)
    """Published already, so that everybody knows it when it becomes the one that signs."""
    retired_keys: tuple[RetiredKey, ...] = ()
    """Newest first."""


_MADE_LATER: dict[str, Callable[[], Any]] = {
    "legacy_secret": lambda: secrets.token_urlsafe(40),
    "storage_key": lambda: secrets.token_urlsafe(32),
    "standby_key_pem": lambda: new_signing_key(),
}
"""What files of an earlier version lack: made when they are next loaded."""


def load_or_create(path: Path) -> MachineKeys:
    """Return the keys in `path`, making them on the first call, and those that came later.

    Raises:
        BrokenKeys: The file is there and is not what we wrote.
    """
    if not path.exists():
        store(path, _new_keys())
    keys = load(path)
    missing = {name: make() for name, make in _MADE_LATER.items() if not getattr(keys, name)}
    if missing:
        keys = replace(keys, **missing)
        store(path, keys)
    return keys


def load(path: Path) -> MachineKeys:
    """Return the keys in `path`.

    Raises:
        BrokenKeys: The file is not there, or is not what we wrote.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        retired = tuple(RetiredKey(**key) for key in kept.pop("retired_keys", ()))
        return MachineKeys(**kept, retired_keys=retired)
    except FileNotFoundError as error:
        raise BrokenKeys(f"{path} is missing.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BrokenKeys(f"{path} is damaged. Put it back from a backup.") from error


def store(path: Path, keys: MachineKeys) -> None:
    """Replace the file of keys as a whole."""
    write_private(path, json.dumps(asdict(keys), indent=2))


def new_signing_key() -> str:
    """Make an ES256 private key in PEM.

    Its id begins with no dash: commands take ids as arguments, and that would be an option.
    """
    while True:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        if not key_id(pem.decode()).startswith("-"):
            return pem.decode()


def public_half(pem: str) -> str:
    """Return the public half, in PEM, of a private key."""
    private = serialization.load_pem_private_key(pem.encode(), password=None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def _new_keys() -> MachineKeys:
    master = base64.b64encode(secrets.token_bytes(32)).decode()
    return MachineKeys(
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(23)}",
        secret_key=f"sb_secret_{secrets.token_urlsafe(23)}",
        admin_password=secrets.token_urlsafe(24),
        owner_password=secrets.token_urlsafe(24),
        login_password=secrets.token_urlsafe(24),
        signing_key_pem=new_signing_key(),
        master_keys=f"m1:{master}",
        model_key=secrets.token_urlsafe(24),
        **{name: make() for name, make in _MADE_LATER.items()},
    )
