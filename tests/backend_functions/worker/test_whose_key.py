"""Whose key a picture is made with: a user's own before the server's, and neither goes astray."""

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from backend_functions.settings import ImageKey, Settings, parse_master_keys, read_image_key
from backend_functions.worker.registry import JOB_TYPES
from backend_functions.worker.tools import open_tools
from backend_functions.worker.worker import Worker
from tests.backend_functions.worker.conftest import FAST, Asker, Working, rows
from tests.support.gateway import RunningGateway
from tests.support.imagerouter import KEY, MODEL, OTHER_KEY, ImageRouter
from tests.support.picture_files import colour_of, with_metadata
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.db


@pytest.fixture
async def imagerouter() -> AsyncIterator[ImageRouter]:
    async with ImageRouter().running() as running:
        yield running


@pytest.fixture
async def elsewhere() -> AsyncIterator[ImageRouter]:
    """A server that a user named, and that writes down what it is sent."""
    async with ImageRouter().running() as running:
        yield running


@pytest.fixture
def settings(gateway: RunningGateway, imagerouter: ImageRouter) -> Settings:
    """Settings of a worker whose server has a key of ImageRouter."""
    keys = gateway.cluster.keys
    return Settings(
        mode="embedded",
        supabase_url=gateway.url,
        database_url=gateway.cluster.url(gateway.database),
        publishable_key=keys.publishable_key,
        secret_key=keys.secret_key,
        master_keys=parse_master_keys(keys.master_keys),
        image_key=ImageKey(imagerouter.base_url, KEY, MODEL),
        limits=FAST,
    )


def add_config(asker: Asker, **fields: Any) -> str:
    answer = httpx.post(
        f"{asker.gateway.url}/functions/v1/model-configs",
        json={"name": uuid4().hex, "provider": "imagerouter", "model": "mine/model", **fields},
        headers={"authorization": f"Bearer {asker.person.token}"},
        verify=NO_TLS,
    )
    config_id: str = answer.raise_for_status().json()["id"]
    return config_id


def post(asker: Asker, **body: Any) -> str:
    answer = asker.post({"prompt": "a fox", **body})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


def keys(imagerouter: ImageRouter) -> set[str]:
    return {headers.get("authorization", "") for headers in imagerouter.headers}


async def test_without_a_key_of_ones_own_the_servers_is_used(
    alice: Asker, working: Working, imagerouter: ImageRouter
) -> None:
    async with working():
        named = await alice.ended(post(alice, modelId="some/model"))
        usual = await alice.ended(post(alice))

    assert [named["output_data"]["model"], usual["output_data"]["model"]] == ["some/model", MODEL]
    assert keys(imagerouter) == {f"Bearer {KEY}"}


async def test_a_key_of_ones_own_comes_before_the_servers(
    alice: Asker, bob: Asker, working: Working, imagerouter: ImageRouter
) -> None:
    add_config(alice, base_url=imagerouter.base_url, api_key=OTHER_KEY)

    async with working():
        hers = await alice.ended(post(alice))
        assert keys(imagerouter) == {f"Bearer {OTHER_KEY}"}
        named = await alice.ended(post(alice, modelId="some/model"))
        assert keys(imagerouter) == {f"Bearer {OTHER_KEY}"}
        await bob.ended(post(bob))

    assert [hers["output_data"]["model"], named["output_data"]["model"]] == [
        "mine/model",
        "some/model",
    ]
    assert keys(imagerouter) == {f"Bearer {OTHER_KEY}", f"Bearer {KEY}"}


async def test_the_servers_key_never_goes_to_an_address_of_a_users(
    alice: Asker, working: Working, imagerouter: ImageRouter, elsewhere: ImageRouter
) -> None:
    """Not by a config without a key, not by one whose address was changed after its key came."""
    without = add_config(alice, base_url=elsewhere.base_url)
    other = add_config(alice, provider="openai-compatible", base_url=elsewhere.base_url)
    moved = add_config(alice, base_url=imagerouter.base_url, api_key=OTHER_KEY)
    alice.rest("PATCH", f"model_configs?id=eq.{moved}", json={"base_url": elsewhere.base_url})

    async with working():
        jobs = [await alice.ended(post(alice, modelId=one)) for one in (without, other, moved)]

    assert [job["status"] for job in jobs] == ["failed"] * 3
    assert "no key" in jobs[0]["error_log"]
    assert keys(elsewhere) <= {""}
    assert imagerouter.requests == []


async def test_a_config_of_somebody_else_or_of_no_use_makes_no_picture(
    alice: Asker, bob: Asker, working: Working, imagerouter: ImageRouter
) -> None:
    hers = add_config(alice, base_url=imagerouter.base_url, api_key=OTHER_KEY)
    talks = add_config(bob, provider="anthropic", api_key="sk-0123456789abcdef")

    async with working():
        jobs = [await bob.ended(post(bob, modelId=one)) for one in (hers, talks)]

    assert [job["error_log"] for job in jobs] == [
        "There is no such model config.",
        "The provider anthropic makes no pictures.",
    ]
    assert imagerouter.requests == []


async def test_a_picture_of_ones_own_is_changed_and_nobody_elses(
    alice: Asker, bob: Asker, working: Working, imagerouter: ImageRouter
) -> None:
    path = f"private/user_files/{alice.person.id}/{uuid4()}/me.png"
    alice.person.put_object(f"user_assets/{path}", with_metadata("my address"), "image/png")

    async with working():
        hers = await alice.ended(post(alice, prompt="older", inputImage=path))
        his = await bob.ended(post(bob, inputImage=path))

    stored = alice.person.read(f"user_assets/{hers['output_data']['path']}").content
    assert Image.open(io.BytesIO(stored)).getpixel((0, 0)) == colour_of("older")
    assert imagerouter.targets == ["/v1/openai/images/edits"]
    assert b"my address" not in imagerouter.requests[0]["image"]
    assert (his["status"], his["error_log"]) == ("failed", "There is no such file.")


@pytest.fixture
def vault(gateway: RunningGateway) -> Iterator[None]:
    """A project's Vault, which holds a key."""
    rows(gateway, "create schema vault")
    rows(
        gateway,
        "create table vault.decrypted_secrets as"
        f" select 'IMAGEROUTER_API_KEY' as name, '{KEY}' as decrypted_secret",
    )
    rows(gateway, "grant usage on schema vault to postgres")
    rows(gateway, "grant select on vault.decrypted_secrets to postgres")
    yield
    rows(gateway, "drop schema vault cascade")


async def test_the_servers_key_may_lie_in_the_projects_vault(
    alice: Asker, settings: Settings, imagerouter: ImageRouter, vault: None
) -> None:
    without_key = replace(settings, image_key=ImageKey(imagerouter.base_url, None, MODEL))
    async with open_tools(without_key) as tools, Worker(JOB_TYPES, tools).running():
        job = await alice.ended(post(alice))

    assert (job["status"], keys(imagerouter)) == ("completed", {f"Bearer {KEY}"})
    asked = alice.rest("POST", "rpc/vault_secret", json={"name": "IMAGEROUTER_API_KEY"})
    assert asked.status_code == 404


async def test_without_any_key_the_job_says_so(alice: Asker, settings: Settings) -> None:
    async with (
        open_tools(replace(settings, image_key=ImageKey())) as tools,
        Worker(JOB_TYPES, tools).running(),
    ):
        job = await alice.ended(post(alice, modelId=MODEL))

    assert job["error_log"] == "Pictures need a key of ImageRouter, and there is none."


def test_the_servers_key_comes_from_the_environment() -> None:
    given = {"IMAGEROUTER_API_KEY": "swordfish", "IMAGEROUTER_BASE_URL": "https://x/v1/"}

    assert read_image_key({}) == ImageKey("https://api.imagerouter.io/v1/openai")
    assert read_image_key(given) == ImageKey("https://x/v1", "swordfish")
    assert read_image_key({"IMAGEROUTER_MODEL": "m"}).model == "m"
    assert "swordfish" not in repr(read_image_key(given))
