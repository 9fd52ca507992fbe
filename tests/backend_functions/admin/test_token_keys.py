import asyncio
import json
import subprocess
import sys
from asyncio.subprocess import DEVNULL
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.backend_functions.admin.conftest import Vault
from tests.support.backend import BackendUser
from tests.support.plain import NO_TLS
from tests.support.upstream import Upstream

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("vault")]


def command(vault: Vault, *words: str) -> list[str]:
    folder = ("--folder", str(vault.backend.folder))
    return [sys.executable, "-m", "backend_functions.admin", "auth-keys", *words, *folder]


def run(vault: Vault, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(vault, *words), capture_output=True, text=True, timeout=60)


def states(vault: Vault) -> dict[str, str]:
    listed: list[dict[str, Any]] = json.loads(run(vault, "list", "--json").stdout)
    return {key["state"]: key["id"] for key in listed}


def is_let_in(user: BackendUser) -> bool:
    headers = {"apikey": user.key, "authorization": f"Bearer {user.token}"}
    return httpx.get(f"{user.url}/auth/v1/user", headers=headers, verify=NO_TLS).status_code == 200


def test_the_key_that_signs_is_changed_and_at_last_refused_while_people_are_signed_in(
    vault: Vault,
) -> None:
    before = vault.backend.sign_up("before@example.com")
    known = states(vault)

    rotated = run(vault, "rotate")

    after = vault.backend.sign_up("after@example.com")
    assert rotated.returncode == 0, rotated.stderr
    assert states(vault)["current"] == known["standby"]
    assert states(vault)["previous"] == known["current"]
    assert is_let_in(before)
    assert is_let_in(after)
    published = httpx.get(
        f"{vault.backend.url}/auth/v1/.well-known/jwks.json", verify=NO_TLS
    ).json()["keys"]
    assert [key["kid"] for key in published] == list(states(vault).values())

    retired = run(vault, "retire", known["current"])

    assert retired.returncode == 0, retired.stderr
    assert not is_let_in(before)
    assert is_let_in(after)


@dataclass(slots=True)
class Crowd:
    """What people do over and over; the first request that fails ends all."""

    user: BackendUser
    config: str
    http: httpx.AsyncClient
    done: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    async def send(self, what: str, method: str, path: str, token: str, body: Any = None) -> Any:
        headers = {"apikey": self.user.key, "authorization": f"Bearer {token}"}
        headers["prefer"] = "return=representation"
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, (what, answer.status_code, answer.text)
        self.done[what] += 1
        return answer.json()

    async def ask(self) -> None:
        """Ask with a sealed key, and the token from before."""
        chat = {"title": "t", "model_config_id": self.config}
        (made,) = await self.send("begin", "POST", "/rest/v1/chats", self.user.token, chat)
        body = {"chatId": made["id"], "prompt": "go"}
        row = await self.send("ask", "POST", "/functions/v1/chat-request", self.user.token, body)
        assert row["metadata"]["status"] == "complete", row

    async def sign_in(self) -> None:
        """Sign in, be somebody, and renew the session, which ends the other token's use."""
        who = {"email": self.user.email, "password": self.user.password}
        token, key = "/auth/v1/token?grant_type=", self.user.key
        session = await self.send("sign in", "POST", f"{token}password", key, who)
        await self.send("look", "GET", "/auth/v1/user", session["access_token"])
        renewing = {"refresh_token": session["refresh_token"]}
        renewed = await self.send("renew", "POST", f"{token}refresh_token", key, renewing)
        await self.send("read", "GET", "/rest/v1/chats?limit=1", renewed["access_token"])

    async def save(self) -> None:
        """Give the config its key anew, which is sealed with whatever seals now."""
        path, body = f"/functions/v1/model-configs/{self.config}", {"api_key": "sk-in-use"}
        await self.send("save", "PATCH", path, self.user.token, body)

    async def over_and_over(self, deed: Callable[[], Awaitable[None]]) -> None:
        while not self.is_over:
            await deed()
            await asyncio.sleep(0.1)  # this machine's cores are for the server too


async def test_no_request_fails_while_master_keys_and_signing_keys_are_changed(
    vault: Vault, upstream: Upstream
) -> None:
    user = vault.backend.sign_up("crowd@example.com")
    config = user.add_config(base_url=upstream.base_url, model="any", api_key="sk-in-use")
    vault.add_sealed(1000)
    sealed_with, signed_with = vault.sealer.sealing_key_id, states(vault)["current"]
    changes = [
        vault.command("rotate"),
        command(vault, "rotate"),
        vault.command("retire", sealed_with),
    ]

    async with httpx.AsyncClient(base_url=user.url, timeout=60, verify=NO_TLS) as http:
        crowd = Crowd(user, config, http)
        async with asyncio.TaskGroup() as working:
            for deed in (crowd.ask, crowd.ask, crowd.sign_in, crowd.save):
                working.create_task(crowd.over_and_over(deed))
            for change in changes:
                changing = await asyncio.create_subprocess_exec(*change, stdout=DEVNULL)
                assert await changing.wait() == 0
            before = crowd.done.copy()
            while any(crowd.done[what] < before[what] + 2 for what in before):
                await asyncio.sleep(0.01)  # and some more with the new keys alone
            crowd.is_over = True

    assert set(before) == {"begin", "ask", "sign in", "look", "renew", "read", "save"}
    assert {headers["authorization"] for headers in upstream.headers} == {"Bearer sk-in-use"}
    assert set(vault.counts()) == {vault.sealer.sealing_key_id}
    assert states(vault)["previous"] == signed_with
    assert run(vault, "retire", signed_with).returncode == 0


def test_a_client_of_the_older_kind_gets_keys_it_understands(vault: Vault) -> None:
    lines = run(vault, "legacy").stdout.splitlines()
    keys = dict(line.split("=", 1) for line in lines)
    url = f"{vault.backend.url}/auth/v1/admin/users"
    statuses = []

    for name in ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"):
        headers = {"apikey": keys[name], "authorization": f"Bearer {keys[name]}"}
        statuses.append(httpx.get(url, headers=headers, verify=NO_TLS).status_code)

    assert statuses == [403, 200]


def test_a_key_that_signs_or_stands_by_cannot_be_taken_away(vault: Vault) -> None:
    for state in ("current", "standby"):
        refused = run(vault, "retire", states(vault)[state])
        assert refused.returncode == 1
        assert "Rotate first" in refused.stderr
    assert "no signing key" in run(vault, "retire", "unknown").stderr


def test_a_hosted_project_signs_its_own_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv(
        "POCKETLLM_MASTER_KEYS", "m1:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    )

    done = subprocess.run(
        [sys.executable, "-m", "backend_functions.admin", "auth-keys", "list"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "hosted project" in done.stderr
