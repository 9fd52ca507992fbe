import time

import pytest

from backend_functions.access import ApiKeys, FixedKeys, TokenVerifier, identify_gateway_caller
from backend_functions.access.legacy_keys import make_legacy_key, read_legacy_key
from backend_functions.errors import NotAuthenticated
from tests.backend_functions.gateway.auth.tokens import (
    ISSUER,
    LEGACY_SECRET,
    encode,
    good_claims,
    hs256,
    new_signer,
)
from tests.backend_functions.test_access_credentials import headers

SIGNER = new_signer()
VERIFIER = TokenVerifier(issuer=ISSUER, keys=FixedKeys(SIGNER.public_keys))
KEYS = ApiKeys(("sb_publishable_p",), ("sb_secret_s",), LEGACY_SECRET)
ANON, SERVICE = (
    make_legacy_key(role, LEGACY_SECRET, issued_at=int(time.time()), lifetime_seconds=3600)
    for role in ("anon", "service_role")
)


@pytest.mark.parametrize(
    ("pairs", "role"),
    [
        ([("apikey", ANON)], "anon"),
        ([("apikey", SERVICE)], "service_role"),
        ([("apikey", ANON), ("authorization", f"Bearer {ANON}")], "anon"),
        ([("apikey", ANON), ("authorization", f"Bearer {SERVICE}")], "service_role"),
        ([("apikey", "sb_publishable_p"), ("authorization", f"Bearer {SERVICE}")], "service_role"),
        ([("apikey", SERVICE), ("authorization", f"Bearer {ANON}")], "anon"),
    ],
)
async def test_a_legacy_key_stands_for_the_role_it_names(
    pairs: list[tuple[str, str]], role: str
) -> None:
    caller = await identify_gateway_caller(headers(*pairs), VERIFIER, KEYS)

    assert caller.role == caller.claims["role"] == role
    assert caller.user_id is None


OTHERS = {
    "nothing": "",
    "an opaque key": "sb_secret_s",
    "another secret": hs256({"role": "service_role"}, "another secret that is long enough for it"),
    "a user": hs256({"role": "authenticated"}, LEGACY_SECRET),
    "another role": hs256({"role": "postgres"}, LEGACY_SECRET),
    "no role": hs256({}, LEGACY_SECRET),
    "a list": hs256({"role": ["service_role"]}, LEGACY_SECRET),
    "ended": hs256({"role": "service_role", "exp": 1}, LEGACY_SECRET),
    "an end as text": hs256({"role": "service_role", "exp": "9999999999"}, LEGACY_SECRET),
    "an end as truth": hs256({"role": "service_role", "exp": True}, LEGACY_SECRET),
    "unsigned": ".".join(
        map(encode, (b'{"alg":"none","typ":"JWT"}', b'{"role":"service_role"}', b"x"))
    ),
    "a signing key": SIGNER.sign({"role": "service_role"}),
}


@pytest.mark.parametrize("what", OTHERS)
def test_nothing_else_is_a_legacy_key(what: str) -> None:
    assert read_legacy_key(OTHERS[what], LEGACY_SECRET) is None


@pytest.mark.parametrize("without", [None, ""])
async def test_a_backend_without_the_secret_has_no_legacy_keys(without: str | None) -> None:
    keys = ApiKeys(("sb_publishable_p",), ("sb_secret_s",), without)

    with pytest.raises(NotAuthenticated):
        await identify_gateway_caller(headers(("apikey", SERVICE)), VERIFIER, keys)


async def test_a_users_token_is_verified_as_before_beside_a_legacy_key() -> None:
    token = SIGNER.sign(good_claims())
    both = headers(("apikey", ANON), ("authorization", f"Bearer {token}"))
    forged = headers(
        ("apikey", ANON), ("authorization", f"Bearer {hs256(good_claims(), 'x' * 40)}")
    )

    assert (await identify_gateway_caller(both, VERIFIER, KEYS)).role == "authenticated"
    with pytest.raises(NotAuthenticated):
        await identify_gateway_caller(forged, VERIFIER, KEYS)
