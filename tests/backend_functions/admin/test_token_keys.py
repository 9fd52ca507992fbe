import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.backend_functions.admin.conftest import Vault
from tests.support.backend import BackendUser

pytestmark = pytest.mark.backend


def run(vault: Vault, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "backend_functions.admin", "auth-keys", *words]
    folder = ("--folder", str(vault.backend.folder))
    return subprocess.run([*command, *folder], capture_output=True, text=True, timeout=60)


def states(vault: Vault) -> dict[str, str]:
    listed: list[dict[str, Any]] = json.loads(run(vault, "list", "--json").stdout)
    return {key["state"]: key["id"] for key in listed}


def is_let_in(user: BackendUser) -> bool:
    headers = {"apikey": user.key, "authorization": f"Bearer {user.token}"}
    return httpx.get(f"{user.url}/auth/v1/user", headers=headers).status_code == 200


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
    published = httpx.get(f"{vault.backend.url}/auth/v1/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == list(states(vault).values())

    retired = run(vault, "retire", known["current"])

    assert retired.returncode == 0, retired.stderr
    assert not is_let_in(before)
    assert is_let_in(after)


def test_a_client_of_the_older_kind_gets_keys_it_understands(vault: Vault) -> None:
    lines = run(vault, "legacy").stdout.splitlines()
    keys = dict(line.split("=", 1) for line in lines)
    url = f"{vault.backend.url}/auth/v1/admin/users"
    statuses = []

    for name in ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"):
        headers = {"apikey": keys[name], "authorization": f"Bearer {keys[name]}"}
        statuses.append(httpx.get(url, headers=headers).status_code)

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
