import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.access.keys import read_jwks, thumbprint
from backend_functions.gateway.auth.tokens import TokenSigner
from tests.backend_functions.gateway.auth.tokens import ISSUER, good_claims, new_pem, new_signer


async def test_the_current_key_signs_and_the_others_still_verify() -> None:
    old_pem, new = new_pem(), new_pem()
    old, current = new_signer(pem=old_pem), new_signer(old_pem, pem=new)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(current.public_keys))

    assert await verifier.verify(old.sign(good_claims()))
    assert await verifier.verify(current.sign(good_claims()))
    assert [key["kid"] for key in current.jwks()["keys"]] == [current.kid, old.kid]


def test_a_published_key_reads_back_as_the_key_it_is() -> None:
    signer = new_signer(new_pem())

    assert tuple(read_jwks(signer.jwks())) == signer.public_keys


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The example of RFC 7638, section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJ"
        "ECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW"
        "2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQ"
        "Fh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )

    name = thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256"})

    assert name == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["P-384", "RSA"],
)
def test_a_key_of_another_kind_cannot_sign(
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

    with pytest.raises(ValueError, match="key"):
        TokenSigner(pem, issuer=ISSUER)
