"""Verified tokens are remembered for a minute, and no longer than they, key and session live."""

from typing import Any
from uuid import UUID

import pytest

from backend_functions.access import FixedKeys, TokenExpired, TokenVerifier
from backend_functions.errors import NotAuthenticated
from tests.backend_functions.gateway.auth.tokens import ISSUER, NOW, good_claims, new_signer

SIGNER = new_signer()


def verifier(**options: Any) -> TokenVerifier:
    keys = options.pop("keys", FixedKeys(SIGNER.public_keys))
    return TokenVerifier(issuer=ISSUER, keys=keys, **options)


async def test_two_tokens_with_an_equal_beginning_are_two_users() -> None:
    shared = verifier()
    first, second = good_claims(), good_claims()
    tokens = [SIGNER.sign({"padding": "x" * 200, **claims}) for claims in (first, second)]
    assert tokens[0][:200] == tokens[1][:200]

    callers = [await shared.verify(token) for token in tokens + tokens]

    assert [str(caller.user_id) for caller in callers] == [first["sub"], second["sub"]] * 2


async def test_a_replaced_key_is_refused_at_once_though_its_token_was_verified() -> None:
    keys = FixedKeys(SIGNER.public_keys)
    shared, token = verifier(keys=keys), SIGNER.sign(good_claims())
    await shared.verify(token)

    keys.replace(new_signer().public_keys)

    with pytest.raises(NotAuthenticated):
        await shared.verify(token)


async def test_a_verified_token_is_not_remembered_past_its_expiry() -> None:
    now = [float(NOW)]
    shared = verifier(clock=lambda: now[0])
    token = SIGNER.sign(good_claims(iat=NOW, exp=NOW + 10))
    await shared.verify(token)

    now[0] += 11

    with pytest.raises(TokenExpired):
        await shared.verify(token)


async def test_an_ended_session_is_refused_within_a_minute() -> None:
    now, asked = [float(NOW)], []

    async def is_live(session_id: UUID) -> bool:
        asked.append(session_id)
        return len(asked) == 1

    shared = verifier(clock=lambda: now[0], is_session_live=is_live)
    token = SIGNER.sign(good_claims())
    await shared.verify(token)
    now[0] += 59
    await shared.verify(token)
    assert len(asked) == 1

    now[0] += 2

    with pytest.raises(NotAuthenticated, match="no session"):
        await shared.verify(token)


async def test_a_session_that_was_just_ended_is_refused_at_once_when_told() -> None:
    live = True

    async def is_live(session_id: UUID) -> bool:
        return live

    shared, token = verifier(is_session_live=is_live), SIGNER.sign(good_claims())
    await shared.verify(token)

    live = False
    shared.forget()

    with pytest.raises(NotAuthenticated):
        await shared.verify(token)


async def test_a_token_without_a_session_is_refused_where_sessions_are_known() -> None:
    async def is_live(session_id: UUID) -> bool:
        return True

    with pytest.raises(NotAuthenticated):
        await verifier(is_session_live=is_live).verify(SIGNER.sign(good_claims(session_id=None)))


async def test_what_is_remembered_is_bounded() -> None:
    shared = verifier(max_remembered=3)
    for _ in range(10):
        await shared.verify(SIGNER.sign(good_claims()))

    assert len(shared._verified) == 3
