import base64
import hmac
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.access import FixedKeys, TokenExpired, TokenVerifier
from backend_functions.errors import NotAuthenticated
from tests.backend_functions.gateway.auth.tokens import (
    ISSUER,
    LEGACY_SECRET,
    NOW,
    encode,
    good_claims,
    hs256,
    new_pem,
    new_signer,
    sign_raw,
)

PEM = new_pem()
SIGNER = new_signer(pem=PEM)
PUBLIC_PEM = (
    serialization.load_pem_private_key(PEM.encode(), None)
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def verifier(**options: Any) -> TokenVerifier:
    options.setdefault("keys", FixedKeys(SIGNER.public_keys))
    options.setdefault("clock", lambda: float(NOW))
    return TokenVerifier(issuer=ISSUER, **options)


def header(**changes: Any) -> bytes:
    return json.dumps({"alg": "ES256", "kid": SIGNER.kid, "typ": "JWT", **changes}).encode()


async def test_a_token_of_ours_is_the_user_it_names() -> None:
    claims = good_claims(user_metadata={"name": "Alice"})

    caller = await verifier().verify(SIGNER.sign(claims))

    assert caller.role == "authenticated"
    assert caller.user_id == UUID(claims["sub"])
    assert caller.session_id == UUID(claims["session_id"])
    assert caller.claims == claims


async def test_a_legacy_token_verifies_with_the_configured_secret_only() -> None:
    right = hs256(good_claims(), LEGACY_SECRET, kid="whatever")
    wrong = hs256(good_claims(), LEGACY_SECRET + "!")

    assert (await verifier(legacy_secret=LEGACY_SECRET).verify(right)).role == "authenticated"
    for token, secret in ((wrong, LEGACY_SECRET), (right, None)):
        with pytest.raises(NotAuthenticated):
            await verifier(legacy_secret=secret).verify(token)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(encode(b'{"alg":"none"}') + ".e30.", id="alg none"),
        pytest.param(encode(b'{"alg":"nOnE","kid":"x"}') + ".e30.AA", id="alg nOnE"),
        pytest.param(SIGNER.sign(good_claims()).rpartition(".")[0] + ".", id="no signature"),
        pytest.param(SIGNER.sign(good_claims())[:-6] + "AAAAAA", id="forged signature"),
        pytest.param("' OR '1'='1", id="SQL"),
        pytest.param("a.b\0.c", id="NUL"),
        pytest.param("é.é.é", id="not ASCII"),
        pytest.param("\udcff.a.b", id="surrogate"),
        pytest.param("sb_secret_0123456789", id="opaque key"),
        pytest.param("a." * 600_000 + "b", id="a megabyte"),
    ],
)
async def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await verifier(legacy_secret=LEGACY_SECRET).verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": None},
        {"kid": None},
        {"kid": "unknown"},
        {"kid": ["list"]},
        {"typ": "dpop+jwt"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"b64": True},
    ],
    ids=str,
)
async def test_a_header_that_is_not_our_own_is_refused(changes: dict[str, Any]) -> None:
    token = sign_raw(PEM, header(**changes), json.dumps(good_claims()).encode())

    with pytest.raises(NotAuthenticated):
        await verifier(legacy_secret=LEGACY_SECRET).verify(token)


async def test_a_name_that_stands_twice_is_refused_in_header_and_payload() -> None:
    good = json.dumps(good_claims()).encode()
    twice_alg = header()[:-1] + b',"alg":"ES256"}'
    twice_sub = good[:-1] + b',"sub":"' + str(uuid4()).encode() + b'"}'

    for token in (sign_raw(PEM, twice_alg, good), sign_raw(PEM, header(), twice_sub)):
        with pytest.raises(NotAuthenticated):
            await verifier().verify(token)


async def test_the_public_key_is_no_secret_to_sign_with() -> None:
    """The confusion of keys: a verifier that lets the header choose would take this."""
    body = header(alg="HS256"), json.dumps(good_claims()).encode()
    signing_input = f"{encode(body[0])}.{encode(body[1])}"
    for material in (PUBLIC_PEM, PUBLIC_PEM.strip(), base64.b64encode(PUBLIC_PEM)):
        signature = hmac.digest(material, signing_input.encode(), "sha256")
        with pytest.raises(NotAuthenticated):
            await verifier(legacy_secret=LEGACY_SECRET).verify(
                f"{signing_input}.{encode(signature)}"
            )


async def test_addresses_of_keys_in_a_header_are_not_followed() -> None:
    stranger = new_pem()
    own_key = new_signer(pem=stranger).jwks()["keys"][0]
    for lure in ({"jwk": own_key}, {"jku": "http://127.0.0.1:9/"}, {"x5u": "http://127.0.0.1:9/"}):
        token = sign_raw(stranger, header(**lure), json.dumps(good_claims()).encode())

        with pytest.raises(NotAuthenticated):
            await verifier().verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"exp": str(NOW + 3600)},
        {"exp": True},
        {"exp": 1e308},
        {"exp": 10**400},
        {"exp": [NOW + 3600]},
        {"exp": NOW + 24 * 3600 + 60},
        {"exp": NOW + 600, "iat": NOW - 25 * 3600},
        {"exp": NOW + 25 * 3600, "iat": None},
        {"iat": NOW + 60},
        {"iat": "now"},
        {"nbf": NOW + 60},
        {"nbf": "later"},
        {"aud": None},
        {"aud": "anon"},
        {"aud": ["authenticated"]},
        {"iss": None},
        {"iss": "https://evil.example/auth/v1"},
        {"iss": ISSUER[:-1]},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"sub": None},
        {"sub": "1"},
        {"sub": 1},
        {"sub": "{" + str(UUID(int=7)) + "}"},
        {"sub": "' OR '1'='1"},
        {"role": None},
        {"role": "anon"},
        {"role": "service_role"},
        {"role": "supabase_auth_admin"},
        {"session_id": "1"},
    ],
    ids=" ".join,
)
async def test_claims_that_are_not_a_users_are_refused(changes: dict[str, Any]) -> None:
    token = sign_raw(PEM, header(), json.dumps(good_claims(**changes)).encode())

    with pytest.raises(NotAuthenticated) as caught:
        await verifier().verify(token)

    assert not isinstance(caught.value, TokenExpired)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
async def test_an_expiry_that_is_no_finite_number_is_refused(number: bytes) -> None:
    payload = json.dumps(good_claims(exp=12345)).encode().replace(b"12345", number)

    with pytest.raises(NotAuthenticated):
        await verifier().verify(sign_raw(PEM, header(), payload))


async def test_clocks_may_differ_by_half_a_minute() -> None:
    token = SIGNER.sign(good_claims(iat=NOW + 20, nbf=NOW + 20))

    assert await verifier().verify(token)


async def test_an_expired_token_is_told_apart_from_a_wrong_one() -> None:
    token = SIGNER.sign(good_claims(iat=NOW - 3700, exp=NOW - 100))

    with pytest.raises(TokenExpired):
        await verifier().verify(token)


async def test_a_token_too_long_for_a_header_is_refused_before_any_work() -> None:
    token = SIGNER.sign(good_claims(user_metadata={"text": "x" * 7000}))

    with pytest.raises(NotAuthenticated):
        await verifier().verify(token)


async def test_what_users_say_about_themselves_gives_no_rights() -> None:
    forged = {"role": "service_role", "is_admin": True}
    claims = good_claims(user_metadata=forged, app_metadata=forged)

    assert (await verifier().verify(SIGNER.sign(claims))).role == "authenticated"
    with pytest.raises(NotAuthenticated):
        await verifier().verify(new_signer().sign(claims))


@given(st.one_of(st.text(), st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*", fullmatch=True)))
async def test_no_text_makes_the_verifier_fail_in_any_other_way(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        await verifier(legacy_secret=LEGACY_SECRET).verify(text)


@given(
    st.dictionaries(
        st.sampled_from(["exp", "iat", "nbf", "sub", "aud", "iss", "role", "session_id", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ),
        min_size=1,
    )
)
async def test_signed_nonsense_is_refused_and_nothing_worse(nonsense: dict[str, Any]) -> None:
    payload = json.dumps({**good_claims(), "role": "x", **nonsense}).encode()

    with pytest.raises(NotAuthenticated):
        await verifier().verify(sign_raw(PEM, header(), payload))


async def test_no_error_carries_the_token() -> None:
    token = SIGNER.sign(good_claims(aud="other"))

    with pytest.raises(NotAuthenticated) as caught:
        await verifier().verify(token)

    assert token[-40:] not in f"{caught.value!r} {caught.value.detail} {caught.value.message}"
