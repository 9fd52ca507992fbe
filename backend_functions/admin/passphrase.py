"""Keys of a machine, sealed with a passphrase for a file that may be carried elsewhere.

scrypt makes two keys (RFC 7914; 2^16 rounds of 8, about a tenth of a second and 64 MB): AES-256-GCM
seals with the first; with the second the whole file is signed, so that whoever has it and not the
passphrase can put nothing into it: a database's dump is a program that a restore runs.
"""

import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from backend_functions.admin.problem import AdminProblem

_ROUNDS = 2**16
_MOST_ROUNDS = 2**18
_BOUND_TO = b"pocketllm backup keys 1"
SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text, and the key that signs what goes with it."""

    text: str
    signing_key: bytes


def seal_with(passphrase: str, text: str) -> Sealed:
    """Return the text, sealed, as JSON.

    Raises:
        AdminProblem: The passphrase is shorter than 8 characters.
    """
    if len(passphrase) < SHORTEST:
        raise AdminProblem(f"A passphrase has {SHORTEST} characters or more.")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    key, signing_key = _derive(passphrase, salt, _ROUNDS)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _BOUND_TO)
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    told = {name: b64encode(part).decode() for name, part in parts.items()}
    return Sealed(json.dumps({"rounds": _ROUNDS, **told}), signing_key)


def open_with(passphrase: str, sealed: str | bytes) -> Sealed:
    """Return the text that was sealed.

    Raises:
        AdminProblem: The passphrase is another one, or the sealed text is damaged.
    """
    try:
        told = json.loads(sealed)
        salt, nonce, text = (b64decode(told[name]) for name in ("salt", "nonce", "sealed"))
        rounds = int(told["rounds"])
        if rounds > _MOST_ROUNDS:
            raise ValueError
        key, signing_key = _derive(passphrase, salt, rounds)
        return Sealed(AESGCM(key).decrypt(nonce, text, _BOUND_TO).decode(), signing_key)
    except (ValueError, KeyError, TypeError, RecursionError, InvalidTag) as error:
        raise AdminProblem("The passphrase does not open the keys of this backup.") from error


def _derive(passphrase: str, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    made = Scrypt(salt=salt, length=64, n=rounds, r=8, p=1).derive(passphrase.encode())
    return made[:32], made[32:]
