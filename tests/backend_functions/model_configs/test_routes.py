from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend_functions.egress.policy import origin
from backend_functions.sealing import KeyBinding, KeySealer
from tests.backend_functions.conftest import Functions, Person
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

KEY = "sk-canary-1234567890"


def config(upstream: Upstream, **changes: Any) -> dict[str, Any]:
    return {
        "name": "mine",
        "provider": "openai-compatible",
        "base_url": upstream.base_url,
        "model": "any",
        "api_key": KEY,
        **changes,
    }


async def test_a_key_is_stored_sealed_and_only_its_end_is_ever_shown(
    alice: Person, upstream: Upstream, functions: Functions
) -> None:
    response = await alice.post("/model-configs", config(upstream))

    assert response.status_code == 201
    record = response.json()
    assert record["has_key"] is True
    assert record["key_last4"] == "7890"
    assert "canary" not in response.text
    assert not {"api_key", "api_key_encrypted"} & record.keys()
    [(envelope,)] = await functions.rows("select api_key_encrypted from public.model_configs")
    binding = KeyBinding(
        alice.caller.user_id or uuid4(), record["id"], origin(httpx.URL(upstream.base_url))
    )
    sealer = KeySealer(functions.services.settings.master_keys)
    assert sealer.open(envelope, binding) == KEY


async def test_the_providers_a_config_can_name_are_listed(alice: Person) -> None:
    providers = (await alice.http.get("/functions/v1/model-configs/providers")).json()["providers"]

    assert {
        "name": "openai",
        "base_url": "https://api.openai.com/v1",
        "key": "required",
    } in providers
    assert [row["key"] for row in providers if row["name"] == "local"] == ["none"]


async def test_the_provider_is_called_with_the_key(alice: Person, upstream: Upstream) -> None:
    record = (await alice.post("/model-configs", config(upstream))).json()

    response = await alice.post(f"/model-configs/{record['id']}/test", {})

    assert response.json()["answer"] == "word0 word1 word2 "
    assert response.json()["model"] == "any"
    assert upstream.headers[-1]["authorization"] == f"Bearer {KEY}"


async def test_a_config_pointed_elsewhere_does_not_take_its_key_along(
    alice: Person, upstream: Upstream, functions: Functions
) -> None:
    record = (await alice.post("/model-configs", config(upstream))).json()
    async with Upstream().running() as thief:
        moved = await alice.http.patch(
            f"/functions/v1/model-configs/{record['id']}", json={"base_url": thief.base_url}
        )
        refused = await alice.post(f"/model-configs/{record['id']}/test", {})

        assert moved.status_code == 200
        assert refused.json()["error"]["code"] == "not_configured"
        assert "Enter it again" in refused.json()["error"]["message"]
        assert thief.requests == []


async def test_a_key_can_be_replaced_and_removed(alice: Person, upstream: Upstream) -> None:
    record = (await alice.post("/model-configs", config(upstream))).json()
    path = f"/functions/v1/model-configs/{record['id']}"

    replaced = await alice.http.patch(path, json={"api_key": "sk-another-key-abcd"})
    renamed = await alice.http.patch(path, json={"name": "renamed"})
    removed = await alice.http.patch(path, json={"api_key": None})

    assert replaced.json()["key_last4"] == "abcd"
    assert (renamed.json()["name"], renamed.json()["has_key"]) == ("renamed", True)
    assert (removed.json()["has_key"], removed.json()["key_last4"]) == (False, None)


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "nonsense"},
        {"provider": "OpenAI"},
        {"base_url": "http://169.254.169.254/latest"},
        {"base_url": None},
        {"api_key": "sk-with\nnewline"},
        {"api_key": "sk-with-ü"},
        {"api_key": ""},
        {"model": "m\r\nx-header: 1"},
        {"model": ""},
        {"name": ""},
        {"temperature": 3},
        {"max_tokens": 0},
        {"user_id": "7d444840-9dc0-11d1-b245-5ffdce74fad2"},
        {"api_key_encrypted": "v1:x"},
        {"is_default": "maybe"},
        {"system_prompt": "nul\u0000"},
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_and_nothing_is_stored(
    alice: Person, upstream: Upstream, functions: Functions, change: dict[str, Any]
) -> None:
    response = await alice.post("/model-configs", config(upstream, **change))

    assert response.status_code == 422, response.text
    assert "canary" not in response.text
    assert await functions.rows("select 1 from public.model_configs") == []


@pytest.mark.parametrize("provider", ["imagerouter", "tavily"])
async def test_a_key_for_pictures_or_search_is_nobodys_default(
    alice: Person, upstream: Upstream, provider: str
) -> None:
    key = config(upstream, name="key", provider=provider, base_url=None)

    refused = await alice.post("/model-configs", key | {"is_default": True})
    added = await alice.post("/model-configs", key)
    answers = await alice.post("/model-configs", config(upstream))

    assert refused.status_code == 422, refused.text
    assert "nobody's default" in refused.json()["error"]["message"]
    assert added.json()["is_default"] is False
    assert answers.json()["is_default"] is True


async def test_a_refused_change_changes_nothing(
    alice: Person, upstream: Upstream, functions: Functions
) -> None:
    record = (await alice.post("/model-configs", config(upstream))).json()
    before = await functions.rows("select * from public.model_configs")

    response = await alice.http.patch(
        f"/functions/v1/model-configs/{record['id']}",
        json={"name": "new", "base_url": "http://10.0.0.1/", "api_key": "sk-new-1234567"},
    )

    assert response.status_code == 422
    assert await functions.rows("select * from public.model_configs") == before


async def test_two_configs_of_one_user_have_two_names(alice: Person, upstream: Upstream) -> None:
    await alice.post("/model-configs", config(upstream))

    again = await alice.post("/model-configs", config(upstream))

    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


async def test_a_new_default_takes_the_place_of_the_old_one(
    alice: Person, upstream: Upstream, functions: Functions
) -> None:
    await alice.post("/model-configs", config(upstream, name="one"))
    await alice.post("/model-configs", config(upstream, name="two"))
    await alice.post("/model-configs", config(upstream, name="three", is_default=True))

    rows = await functions.rows(
        "select name, is_default from public.model_configs order by created_at"
    )

    assert rows == [("one", False), ("two", False), ("three", True)]


async def test_another_users_config_cannot_be_changed_or_tested(
    alice: Person, bob: Person, upstream: Upstream
) -> None:
    record = (await alice.post("/model-configs", config(upstream))).json()

    changed = await bob.http.patch(
        f"/functions/v1/model-configs/{record['id']}", json={"api_key": "sk-mine-now-1234"}
    )
    tested = await bob.post(f"/model-configs/{record['id']}/test", {})

    assert (changed.status_code, tested.status_code) == (404, 404)
    assert upstream.requests == []


async def test_a_failing_provider_is_told_in_its_own_code(
    alice: Person, upstream: Upstream
) -> None:
    record = (await alice.post("/model-configs", config(upstream, model="401"))).json()

    response = await alice.post(f"/model-configs/{record['id']}/test", {})

    assert response.json()["error"]["code"] == "provider_rejected_key"
    assert "sk-" not in response.text


async def test_the_key_is_in_no_log_at_any_level(
    alice: Person,
    upstream: Upstream,
    functions: Functions,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    record = (await alice.post("/model-configs", config(upstream))).json()
    await alice.post(f"/model-configs/{record['id']}/test", {})
    await alice.post("/model-configs", config(upstream))  # a conflict
    await alice.post("/model-configs", config(upstream, temperature=9))

    printed = "".join(capfd.readouterr()) + caplog.text + repr(functions.services)

    assert "canary" not in printed
