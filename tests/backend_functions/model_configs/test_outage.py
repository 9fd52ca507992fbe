"""A provider that is down, as users of the functions meet it."""

import pytest

from backend_functions.embedded.ports import free_port
from tests.backend_functions.conftest import Person
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db


async def add_config(person: Person, name: str, base_url: str) -> str:
    config = {"name": name, "provider": "openai-compatible", "model": "any", "base_url": base_url}
    made = await person.post("/model-configs", config)
    record_id: str = made.json()["id"]
    return record_id


async def test_a_provider_that_is_down_fails_fast_for_the_one_whose_address_it_is(
    alice: Person, bob: Person, upstream: Upstream
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/v1"
    hers, his = [await add_config(person, "down", address) for person in (alice, bob)]
    works = await add_config(alice, "works", upstream.base_url)
    for _ in range(5):
        tried = await alice.post(f"/model-configs/{hers}/test", {})
        assert tried.json()["error"]["code"] == "provider_unreachable"
        assert "retry-after" not in tried.headers

    left_alone = await alice.post(f"/model-configs/{hers}/test", {})

    assert left_alone.status_code == 504
    assert left_alone.json()["error"]["code"] == "provider_unreachable"
    assert 1 <= int(left_alone.headers["retry-after"]) <= 15
    assert (await alice.post(f"/model-configs/{works}/test", {})).status_code == 200
    async with Upstream().running(port):
        refused = await alice.post(f"/model-configs/{hers}/test", {})
        served = await bob.post(f"/model-configs/{his}/test", {})
    assert (refused.status_code, served.status_code) == (504, 200)
