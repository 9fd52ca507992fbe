from dataclasses import replace
from pathlib import Path

import pytest

from backend_functions.access import TokenVerifier
from backend_functions.embedded.machine_keys import (
    MachineKeys,
    RetiredKey,
    load,
    load_or_create,
    new_signing_key,
    public_half,
    store,
)
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.errors import NotAuthenticated
from backend_functions.gateway.auth.tokens import key_id
from tests.backend_functions.gateway.auth.tokens import ISSUER, NOW, good_claims


@pytest.fixture
def keys(tmp_path: Path) -> MachineKeys:
    return load_or_create(tmp_path / "keys.json")


def rotated(keys: MachineKeys, *, until: float) -> MachineKeys:
    return replace(
        keys,
        signing_key_pem=keys.standby_key_pem,
        standby_key_pem=new_signing_key(),
        retired_keys=(RetiredKey(public_half(keys.signing_key_pem), until),),
    )


def test_no_keys_id_could_be_taken_for_an_option_of_a_command() -> None:
    assert not any(key_id(new_signing_key()).startswith("-") for _ in range(400))


async def test_tokens_of_the_old_key_are_good_after_the_keys_were_changed(
    keys: MachineKeys,
) -> None:
    tokens = TokenKeys(keys, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=tokens.trusted)
    old, old_kid = tokens.signer.sign(good_claims()), tokens.signer.kid

    tokens.use(rotated(keys, until=NOW + 3600))

    assert await verifier.verify(old)
    assert await verifier.verify(tokens.signer.sign(good_claims()))
    published = [key["kid"] for key in tokens.signer.jwks()["keys"]]
    assert len(published) == 3
    assert published[0] == tokens.signer.kid != old_kid
    assert published[2] == old_kid
    assert all("d" not in key for key in tokens.signer.jwks()["keys"])


async def test_a_key_whose_tokens_have_all_ended_is_trusted_no_more(keys: MachineKeys) -> None:
    tokens = TokenKeys(keys, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=tokens.trusted)
    old = tokens.signer.sign(good_claims())
    assert await verifier.verify(old)

    tokens.use(rotated(keys, until=NOW - 1))

    with pytest.raises(NotAuthenticated):
        await verifier.verify(old)


async def test_keys_that_cannot_be_read_change_nothing(keys: MachineKeys) -> None:
    tokens = TokenKeys(keys, issuer=ISSUER)
    verifier = TokenVerifier(issuer=ISSUER, keys=tokens.trusted)
    broken = replace(keys, retired_keys=(RetiredKey("no key", NOW + 3600),))

    with pytest.raises(ValueError, match="PEM"):
        tokens.use(broken)

    assert await verifier.verify(tokens.signer.sign(good_claims()))


def test_a_file_from_before_there_were_these_keys_gets_them_and_loses_nothing(
    tmp_path: Path, keys: MachineKeys
) -> None:
    path = tmp_path / "keys.json"
    store(path, replace(keys, legacy_secret="", standby_key_pem=""))

    first, second = load_or_create(path), load_or_create(path)

    assert first == second == load(path)
    assert first.legacy_secret
    assert first.standby_key_pem
    assert first.signing_key_pem == keys.signing_key_pem
    assert path.stat().st_mode & 0o777 == 0o600


def test_retired_keys_are_read_back_as_they_were(tmp_path: Path, keys: MachineKeys) -> None:
    changed = rotated(keys, until=5.0)
    store(tmp_path / "keys.json", changed)

    assert load(tmp_path / "keys.json") == changed
