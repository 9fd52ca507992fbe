import pytest
from starlette.datastructures import Headers

from backend_functions.access import (
    AmbiguousCredential,
    ApiKeys,
    FixedKeys,
    TokenVerifier,
    identify_gateway_caller,
    identify_user,
)
from backend_functions.errors import NotAuthenticated
from backend_functions.types import ANONYMOUS, SERVICE, Caller
from tests.backend_functions.gateway.auth.tokens import ISSUER, good_claims, new_signer

SIGNER = new_signer()
VERIFIER = TokenVerifier(issuer=ISSUER, keys=FixedKeys(SIGNER.public_keys))
KEYS = ApiKeys(publishable=("sb_publishable_p", "legacy.anon.key"), secret=("sb_secret_s",))
TOKEN = SIGNER.sign(good_claims())


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.lower().encode(), value.encode("latin-1")) for name, value in pairs])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_function_is_called_by_the_user_of_the_bearer_token(scheme: str) -> None:
    caller = await identify_user(headers(("authorization", f"{scheme} {TOKEN}")), VERIFIER)

    assert caller.role == "authenticated"


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ")],
        [("authorization", "Basic YTpi")],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", f"DPoP {TOKEN}")],
        [("authorization", TOKEN)],
        [("authorization", f"Bearer {TOKEN} {TOKEN}")],
        [("authorization", f"Bearer {TOKEN}, Bearer {TOKEN}")],
        [("authorization", "Bearer sb_publishable_p")],
        [("authorization", "Bearer sb_secret_s")],
        [("authorization", "Bearer ' OR '1'='1")],
        [("authorization", "Bearer \xff\x00")],
        [("cookie", f"sb-access-token={TOKEN}")],
        [("x-api-key", TOKEN)],
        [("apikey", TOKEN)],
        [("apikey", "sb_secret_s")],
        [("x-forwarded-authorization", f"Bearer {TOKEN}")],
    ],
    ids=lambda pairs: str(pairs).replace(TOKEN, "TOKEN"),
)
async def test_nothing_else_signs_anybody_in(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(NotAuthenticated):
        await identify_user(headers(*pairs), VERIFIER)


async def test_two_authorization_headers_are_a_bad_request() -> None:
    twice = headers(("authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other"))

    with pytest.raises(AmbiguousCredential) as caught:
        await identify_user(twice, VERIFIER)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("apikey", "sb_publishable_p")], ANONYMOUS),
        ([("apikey", "sb_secret_s")], SERVICE),
        ([("apikey", "sb_secret_s"), ("authorization", "Bearer sb_secret_s")], SERVICE),
        ([("apikey", "sb_publishable_p"), ("authorization", "Bearer sb_secret_s")], ANONYMOUS),
        ([("apikey", "legacy.anon.key"), ("authorization", "Bearer legacy.anon.key")], ANONYMOUS),
    ],
)
async def test_without_a_users_token_the_key_decides(
    pairs: list[tuple[str, str]], expected: Caller
) -> None:
    assert await identify_gateway_caller(headers(*pairs), VERIFIER, KEYS) == expected


@pytest.mark.parametrize("key", ["sb_publishable_p", "sb_secret_s"])
async def test_a_users_token_counts_whatever_key_comes_with_it(key: str) -> None:
    both = headers(("apikey", key), ("authorization", f"Bearer {TOKEN}"))

    assert (await identify_gateway_caller(both, VERIFIER, KEYS)).role == "authenticated"


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("authorization", f"Bearer {TOKEN}")],
        [("authorization", "Bearer sb_secret_s")],
        [("apikey", "")],
        [("apikey", "sb_secret_"), ("authorization", f"Bearer {TOKEN}")],
        [("apikey", "sb_secret_s\xff")],
        [("apikey", "sb_publishable_p"), ("authorization", f"Bearer {TOKEN}x")],
        [("apikey", "sb_secret_s"), ("authorization", "Basic YTpi")],
        [("apikey", "sb_secret_s"), ("authorization", "Bearer " + new_signer().sign({}))],
    ],
    ids=lambda pairs: str(pairs).replace(TOKEN, "TOKEN")[:60],
)
async def test_without_a_known_key_or_with_a_wrong_token_nobody_passes(
    pairs: list[tuple[str, str]],
) -> None:
    with pytest.raises(NotAuthenticated):
        await identify_gateway_caller(headers(*pairs), VERIFIER, KEYS)


async def test_two_keys_are_a_bad_request() -> None:
    twice = headers(("apikey", "sb_publishable_p"), ("apikey", "sb_secret_s"))

    with pytest.raises(AmbiguousCredential):
        await identify_gateway_caller(twice, VERIFIER, KEYS)


def test_keys_are_not_shown() -> None:
    assert "sb_" not in repr(KEYS)
