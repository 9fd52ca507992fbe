"""The unmodified supabase-py client against our routes."""

from typing import Any

import pytest
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer
from tests.backend_functions.gateway.auth.tokens import ISSUER

pytestmark = pytest.mark.db

ALICE = "alice@example.com"


async def test_a_person_signs_up_and_is_signed_in(server: AuthServer) -> None:
    client = server.client()

    answer = await client.sign_up(
        {
            "email": "Alice@Example.com",
            "password": PASSWORD,
            "options": {"data": {"full_name": "Alice"}},
        }
    )

    assert answer.session is not None
    assert answer.user is not None
    assert answer.session.expires_in == 3600
    assert answer.user.email == ALICE
    assert answer.user.role == answer.user.aud == "authenticated"
    assert answer.user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert answer.user.user_metadata == {"full_name": "Alice"}
    assert answer.user.identities is not None
    assert [identity.provider for identity in answer.user.identities] == ["email"]
    assert answer.user.identities[0].identity_data["email"] == ALICE
    assert answer.user.email_confirmed_at is not None


async def test_the_client_verifies_our_tokens_with_our_published_keys(server: AuthServer) -> None:
    client = server.client()
    answer = await client.sign_up({"email": ALICE, "password": PASSWORD})
    assert answer.user is not None

    claims = await client.get_claims()

    assert claims is not None
    said: dict[str, Any] = dict(claims["claims"])
    assert {"iss", "sub", "aud", "exp", "iat", "email", "phone", "app_metadata"} <= said.keys()
    assert {"user_metadata", "role", "aal", "amr", "session_id", "is_anonymous"} <= said.keys()
    assert said["iss"] == ISSUER
    assert said["sub"] == answer.user.id
    assert said["exp"] - said["iat"] == 3600
    assert (await server.verifier.verify(answer.session.access_token)).user_id  # type: ignore[union-attr]


async def test_a_person_signs_in_refreshes_and_signs_out(server: AuthServer) -> None:
    client = server.client()
    await client.sign_up({"email": ALICE, "password": PASSWORD})
    await client.sign_out()

    first = (await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})).session
    second = (await client.refresh_session()).session
    assert first is not None
    assert second is not None
    assert first.refresh_token != second.refresh_token

    await client.sign_out({"scope": "local"})

    assert await client.get_session() is None
    with pytest.raises(AuthApiError):
        await client.refresh_session(second.refresh_token)


async def test_a_person_sees_and_changes_their_own_account(server: AuthServer) -> None:
    client = server.client()
    await client.sign_up({"email": ALICE, "password": PASSWORD, "options": {"data": {"a": 1}}})

    await client.update_user({"data": {"b": 2, "a": None}})
    await client.update_user({"password": "a new password"})

    seen = await client.get_user()
    assert seen is not None
    assert seen.user.user_metadata == {"b": 2}
    await client.sign_in_with_password({"email": ALICE, "password": "a new password"})
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})


async def test_the_client_understands_our_refusals(server: AuthServer) -> None:
    client = server.client()
    await client.sign_up({"email": ALICE, "password": PASSWORD})

    with pytest.raises(AuthApiError) as exists:
        await client.sign_up({"email": ALICE.upper(), "password": PASSWORD})
    with pytest.raises(AuthWeakPasswordError) as weak:
        await client.sign_up({"email": "bob@example.com", "password": "short"})
    with pytest.raises(AuthApiError) as wrong:
        await client.sign_in_with_password({"email": ALICE, "password": "not this one"})
    with pytest.raises(AuthApiError) as same:
        await client.update_user({"password": PASSWORD})
    with pytest.raises(AuthApiError) as anonymous:
        await client.sign_in_anonymously()
    with pytest.raises(AuthApiError) as unknown:
        await client.refresh_session("never issued")

    assert (exists.value.status, exists.value.code) == (422, "user_already_exists")
    assert weak.value.reasons == ["length"]
    assert (wrong.value.status, wrong.value.code) == (400, "invalid_credentials")
    assert (same.value.status, same.value.code) == (422, "same_password")
    assert anonymous.value.code == "anonymous_provider_disabled"
    assert str(unknown.value.code) == "refresh_token_not_found"


async def test_what_is_not_built_is_refused_in_the_services_shape(server: AuthServer) -> None:
    client = server.client()

    with pytest.raises(AuthApiError) as sso:
        await client.sign_in_with_sso({"domain": "example.com"})
    with pytest.raises(AuthApiError) as id_token:
        await client.sign_in_with_id_token({"provider": "google", "token": "x"})
    with pytest.raises(AuthApiError) as admin:
        await client.admin.list_users()

    assert (sso.value.status, sso.value.code) == (404, "saml_provider_disabled")
    assert id_token.value.status == 400
    assert admin.value.status == 403
