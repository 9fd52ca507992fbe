"""Keys of one person, from the configs of one backend to those of another one."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from backend_functions.admin.handing_over import HandedOver, Holder, hand_over_keys
from backend_functions.db.pool import Database
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import MasterKey
from tests.conftest import make_user

pytestmark = pytest.mark.db

HERE, THERE = [KeySealer((MasterKey("m1", bytes(range(n, n + 32))),)) for n in (0, 32)]
CANARY, OPENAI = "sk-canary-0123456789", "https://api.openai.com:443"
ELSEWHERE = "is for another provider or address"
Owner = AsyncConnection[tuple[Any, ...]]


@pytest.fixture
async def sides(db: Database, owner_connection: Owner) -> tuple[Holder, Holder]:
    """Two accounts; that both are in one database is of no account, each has its own sealer."""
    holders = []
    for sealer in (HERE, THERE):
        caller = await make_user(owner_connection, f"{uuid4().hex}@example.com")
        assert caller.user_id is not None
        holders.append(Holder(db, sealer, caller.user_id))
    return holders[0], holders[1]


async def add(owner: Owner, side: Holder, name: str, key: str | None = None, **row: str) -> UUID:
    config_id = uuid4()
    binding = KeyBinding(side.user_id, config_id, OPENAI)
    envelope = side.sealer.seal(key, binding) if key else None
    await owner.execute(
        "insert into public.model_configs"
        " (id, user_id, name, provider, model, base_url, api_key_encrypted)"
        " values (%s, %s, %s, %s, 'm', %s, %s)",
        (config_id, side.user_id, name, row.get("provider", "openai"), row.get("url"), envelope),
    )
    return config_id


async def stored(owner: Owner, config_id: UUID) -> tuple[str | None, str | None]:
    cursor = await owner.execute(
        "select api_key_encrypted, key_last4 from public.model_configs where id = %s", (config_id,)
    )
    ((envelope, end),) = await cursor.fetchall()
    return envelope, end


async def test_a_key_is_sealed_for_the_config_of_the_same_name_that_has_none(
    owner_connection: Owner,
    sides: tuple[Holder, Holder],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here, there = sides
    for name in ("gpt", "has one", "only here"):
        await add(owner_connection, here, name, CANARY)
    config_id = await add(owner_connection, there, "gpt")
    kept = await add(owner_connection, there, "has one", "sk-another")
    before = await stored(owner_connection, kept)

    outcome = await hand_over_keys(here, there)
    again = await hand_over_keys(here, there)

    assert outcome == HandedOver(["gpt"])
    assert again == HandedOver()
    envelope, end = await stored(owner_connection, config_id)
    assert envelope is not None
    assert THERE.open(envelope, KeyBinding(there.user_id, config_id, OPENAI)) == CANARY
    assert end == "6789"
    assert await stored(owner_connection, kept) == before
    captured = capsys.readouterr()
    assert "canary" not in caplog.text + captured.out + captured.err + repr(outcome)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"url": "https://evil.example.com/v1"}, ELSEWHERE),
        ({"provider": "groq"}, ELSEWHERE),
        ({"provider": "groq", "url": "https://api.openai.com/v1"}, ELSEWHERE),
    ],
    ids=["another address", "another provider", "another provider at the address"],
)
async def test_a_key_goes_nowhere_it_was_not_meant_to_go(
    owner_connection: Owner, sides: tuple[Holder, Holder], row: dict[str, str], reason: str
) -> None:
    here, there = sides
    await add(owner_connection, here, "gpt", CANARY)
    config_id = await add(owner_connection, there, "gpt", **row)

    outcome = await hand_over_keys(here, there)

    assert outcome.handed_over == []
    assert reason in outcome.left["gpt"]
    assert await stored(owner_connection, config_id) == (None, None)


async def test_a_key_that_does_not_open_is_told_and_does_not_stop_the_rest(
    owner_connection: Owner, sides: tuple[Holder, Holder]
) -> None:
    here, there = sides
    lost = Holder(here.database, THERE, here.user_id)
    await add(owner_connection, lost, "a lost one", CANARY)
    await add(owner_connection, here, "gpt", CANARY)
    for name in ("a lost one", "gpt"):
        await add(owner_connection, there, name)

    outcome = await hand_over_keys(here, there)

    assert outcome.handed_over == ["gpt"]
    assert list(outcome.left) == ["a lost one"]
