"""A channel lasts as long as the right to it: tokens, sessions, keys."""

import pytest

from backend_functions.types import Caller
from tests.backend_functions.gateway.realtime.conftest import SECRET, Service

pytestmark = pytest.mark.db

ROOM = "realtime:room"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seconds": -60}, "InvalidJWTToken: Token has expired"),
        (
            {"iss": "http://elsewhere/auth/v1"},
            "JwtSignatureError: Failed to validate JWT signature",
        ),
        ({"role": "service_role"}, "JwtSignatureError: Failed to validate JWT signature"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_in_the_services_words(
    service: Service, alice: Caller, change: dict[str, object], reason: str
) -> None:
    async with service.connect() as client:
        refused = await client.join(token=service.token(alice, **change))  # type: ignore[arg-type]

    assert refused == {"status": "error", "response": {"reason": reason}}


async def test_what_is_no_token_is_refused_and_an_opaque_key_counts_as_the_connections(
    service: Service,
) -> None:
    async with service.connect() as client:
        nonsense = await client.join(token="' or 1=1 --")
        by_key = await client.join(token=SECRET, private=True)

    assert nonsense["response"]["reason"].startswith("MalformedJWT")
    assert by_key["response"]["reason"].startswith("Unauthorized")  # the publishable key's right


async def test_a_channel_ends_with_its_token(service: Service, alice: Caller) -> None:
    async with service.connect() as client:
        await client.join(token=service.token(alice, seconds=1))

        told = await client.until("system")
        assert (told["status"], told["message"]) == ("error", "Token has expired")
        await client.until("phx_close")
        assert len(service.realtime.hub) == 0


async def test_a_renewed_token_keeps_the_channel_and_counts_at_once(
    service: Service, alice: Caller, bob: Caller
) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice, seconds=2), table="chats")
        for token in (service.token(alice), service.token(bob)):
            await client.send(ROOM, "access_token", {"access_token": token})
            assert (await client.until("system"))["message"] == "Subscribed to PostgreSQL"

        await service.insert(alice, "chats", title="alice's")
        await service.insert(bob, "chats", title="bob's")

        assert (await client.change())["record"]["title"] == "bob's"


async def test_a_bad_new_token_ends_the_channel(service: Service, alice: Caller) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")

        await client.send(ROOM, "access_token", {"access_token": "nonsense"})

        assert (await client.until("system"))["status"] == "error"
        await client.until("phx_close")


async def test_who_was_signed_out_hears_no_more(service: Service, alice: Caller) -> None:
    async with service.connect() as client:
        await client.follow(service.token(alice), table="chats")

        service.ended_sessions.update(service.sessions)
        service.realtime.verifier.forget()

        assert (await client.until("system"))["extension"] == "system"
        await client.until("phx_close")
