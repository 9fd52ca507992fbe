"""Sealing anew on a database, with somebody else writing at the worst moment."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from backend_functions.admin import resealing
from backend_functions.admin.key_rings import HostedRing, render_master_keys
from backend_functions.admin.keys import KeyTender, next_id
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.resealing import count_by_key, reseal_all
from backend_functions.db.pool import Database
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import (
    InvalidSettings,
    MasterKey,
    parse_master_keys,
    read_key_settings,
)
from tests.conftest import make_user

M1, M2 = MasterKey("m1", bytes(range(32))), MasterKey("m2", bytes(range(32, 64)))
OLD, NEW = KeySealer((M1,)), KeySealer((M2, M1))
Owner = AsyncConnection[tuple[Any, ...]]


@pytest.fixture
async def user_id(owner_connection: Owner) -> UUID:
    caller = await make_user(owner_connection)
    assert caller.user_id is not None
    return caller.user_id


async def add(owner: Owner, user_id: UUID, sealer: KeySealer, provider: str = "openai") -> UUID:
    config_id = uuid4()
    binding = KeyBinding(user_id, config_id, "https://api.openai.com:443")
    await owner.execute(
        "insert into public.model_configs (id, user_id, name, provider, model, api_key_encrypted)"
        " values (%s, %s, %s, %s, 'm', %s)",
        (config_id, user_id, config_id.hex, provider, sealer.seal("sk-first", binding)),
    )
    return config_id


async def opened(owner: Owner, user_id: UUID, config_id: UUID) -> tuple[str, str]:
    cursor = await owner.execute(
        "select api_key_encrypted from public.model_configs where id = %s", (config_id,)
    )
    ((envelope,),) = await cursor.fetchall()
    binding = KeyBinding(user_id, config_id, "https://api.openai.com:443")
    return envelope.split(":")[1], NEW.open(envelope, binding)


@pytest.mark.db
async def test_a_key_saved_meanwhile_wins(
    db: Database, owner_connection: Owner, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, other = [await add(owner_connection, user_id, OLD) for _ in range(2)]
    replace = resealing._replace

    async def replace_late(database: Database, envelopes: Any) -> int:
        binding = KeyBinding(user_id, saved, "https://api.openai.com:443")
        await owner_connection.execute(
            "update public.model_configs set api_key_encrypted = %s where id = %s",
            (OLD.seal("sk-second", binding), saved),
        )
        monkeypatch.setattr(resealing, "_replace", replace)
        return await replace(database, envelopes)

    monkeypatch.setattr(resealing, "_replace", replace_late)

    outcome = await reseal_all(db, NEW)

    assert (outcome.resealed, outcome.failed) == (2, 0)
    assert await opened(owner_connection, user_id, saved) == ("m2", "sk-second")
    assert await opened(owner_connection, user_id, other) == ("m2", "sk-first")


@pytest.mark.db
async def test_a_config_that_is_being_changed_is_come_back_to(
    db: Database, owner_connection: Owner, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_id = await add(owner_connection, user_id, OLD)
    monkeypatch.setattr(resealing, "_PAUSE_SECONDS", 0)
    await owner_connection.execute("begin")
    await owner_connection.execute("update public.model_configs set name = 'being changed'")

    with pytest.raises(AdminProblem, match="being changed all the time"):
        await reseal_all(db, NEW)
    await owner_connection.execute("commit")

    assert (await reseal_all(db, NEW)).resealed == 1
    assert await opened(owner_connection, user_id, config_id) == ("m2", "sk-first")


@pytest.mark.db
async def test_what_cannot_be_opened_is_left_and_does_not_stop_the_rest(
    db: Database, owner_connection: Owner, user_id: UUID
) -> None:
    lost = KeySealer((MasterKey("m0", bytes(range(64, 96))),))
    await add(owner_connection, user_id, lost)
    await add(owner_connection, user_id, OLD, provider="gone")
    await add(owner_connection, user_id, OLD)

    outcome = await reseal_all(db, NEW)

    assert (outcome.resealed, outcome.failed) == (1, 2)
    assert await count_by_key(db) == {"m0": 1, "m1": 1, "m2": 1}


@pytest.mark.db
async def test_hosted_keys_are_resealed_and_changed_elsewhere(
    db: Database, owner_connection: Owner, user_id: UUID
) -> None:
    await add(owner_connection, user_id, OLD)
    tender = KeyTender(HostedRing("unused", (M2, M1)), db)
    with pytest.raises(AdminProblem, match="1 stored keys are still sealed with m1"):
        await tender.retire("m1")

    assert await tender.rotate() == {"resealed": 1, "failed": 0, "sealing_key": "m2"}
    assert await tender.rotate() == {"resealed": 0, "failed": 0, "sealing_key": "m2"}
    assert await tender.retire("m1") == {"retired": "m1", "is_removed": False}


@pytest.mark.db
async def test_a_master_key_that_is_needed_and_missing_is_told(
    db: Database, owner_connection: Owner, user_id: UUID
) -> None:
    await add(owner_connection, user_id, OLD)

    listed = await KeyTender(HostedRing("unused", (M2,)), db).list_keys()

    assert listed == [
        {"id": "m2", "is_sealing": True, "is_configured": True, "rows": 0},
        {"id": "m1", "is_sealing": False, "is_configured": False, "rows": 1},
    ]


def test_keys_are_written_as_they_are_read() -> None:
    assert parse_master_keys(render_master_keys((M2, M1))) == (M2, M1)


@pytest.mark.parametrize(
    ("used", "new"), [([], "m1"), (["m1"], "m2"), (["m2", "m10", "prod"], "m11"), (["prod"], "m1")]
)
def test_a_new_key_has_a_name_that_was_never_used(used: list[str], new: str) -> None:
    assert next_id(used) == new


@pytest.mark.parametrize(
    "environment",
    [{}, {"SUPABASE_DB_URL": "x"}, {"POCKETLLM_MASTER_KEYS": render_master_keys([M1])}],
)
def test_hosted_keys_need_the_database_and_the_keys(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings):
        read_key_settings(environment)
