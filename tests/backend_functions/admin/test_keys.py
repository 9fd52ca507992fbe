"""Master keys of a running backend: looked at, rotated while people work, retired."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.backend_functions.admin.conftest import BASE_URL, Vault
from tests.support.backend import BackendUser
from tests.support.plain import NO_TLS
from tests.support.upstream import Upstream

pytestmark = [pytest.mark.db, pytest.mark.backend, pytest.mark.xdist_group("vault")]


@pytest.fixture(autouse=True)
def clean(vault: Vault) -> Iterator[None]:
    yield
    vault.connection.execute("delete from public.model_configs where provider <> 'local'")


@pytest.fixture
def user(vault: Vault) -> BackendUser:
    return vault.backend.sign_up(f"u{time.monotonic_ns()}@example.com")


def sealing(vault: Vault) -> str:
    return vault.sealer.sealing_key_id


def test_the_list_tells_what_each_key_seals_and_no_key(vault: Vault) -> None:
    vault.add_sealed(3)

    (key,) = [each for each in vault.json("list") if each["is_sealing"]]

    assert key == {"id": sealing(vault), "is_sealing": True, "is_configured": True, "rows": 3}
    text = vault.run("list").stdout
    assert f"{sealing(vault)}\t3 stored keys\tseals" in text
    for secret in master_secrets(vault):
        assert secret not in text


def test_rotation_seals_everything_anew_and_the_keys_stay_what_they_were(vault: Vault) -> None:
    vault.add_sealed(450)
    old = sealing(vault)

    told = vault.json("rotate")

    assert told == {"resealed": 450, "failed": 0, "sealing_key": sealing(vault)}
    assert sealing(vault) != old
    assert vault.counts() == {sealing(vault): 450}
    assert vault.opened() == {"sk-canary-stored"}
    noted = vault.connection.execute(
        "select deed, details ->> 'state', details ->> 'resealed' from audit.entries"
        " order by id desc limit 2"
    ).fetchall()
    assert noted == [("keys rotate", "done", "450"), ("keys rotate", "begun", None)]


def test_an_envelope_that_does_not_open_is_counted_and_left(vault: Vault) -> None:
    vault.add_sealed(2)
    old = sealing(vault)
    vault.connection.execute(
        "update public.model_configs set base_url = 'https://elsewhere.example.com'"
        " where id = (select id from public.model_configs where base_url = %s limit 1)",
        (BASE_URL,),
    )
    vault.add_sealed(0)
    broken = f"v1:{old}:AAAA:AAAA"
    vault.connection.execute(
        "insert into public.model_configs"
        " (user_id, name, provider, model, api_key_encrypted)"
        " values (%s, 'broken', 'gone', 'm', %s)",
        (vault.add_user(), broken),
    )

    would = vault.json("rotate", "--dry-run")
    assert vault.counts() == {old: 3}, "nothing is changed by asking"
    told = vault.json("rotate")

    assert (told["resealed"], told["failed"]) == (1, 2)
    assert would == told
    assert vault.counts() == {old: 2, told["sealing_key"]: 1}
    refused = vault.run("retire", old, "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"]["rows"] == 2


def test_a_rotation_that_was_killed_is_finished_by_the_next(vault: Vault) -> None:
    vault.add_sealed(6000)
    old = sealing(vault)
    rotating = subprocess.Popen(vault.command("rotate"), stdout=subprocess.DEVNULL)
    while vault.counts().get(old) == 6000:
        time.sleep(0.001)
    rotating.send_signal(signal.SIGKILL)
    rotating.wait()
    half = vault.counts()
    new = sealing(vault)
    assert 0 < half[old] < 6000, "it was killed in the middle"
    assert vault.opened() == {"sk-canary-stored"}

    would = vault.json("rotate", "--dry-run")
    told = vault.json("rotate")

    assert would == told
    assert told == {"resealed": half[old], "failed": 0, "sealing_key": new}
    assert vault.counts() == {new: 6000}
    assert vault.opened() == {"sk-canary-stored"}


async def test_nobody_notices_a_rotation(
    vault: Vault, user: BackendUser, upstream: Upstream
) -> None:
    vault.add_sealed(2000)
    body = {"base_url": upstream.base_url, "model": "any", "api_key": "sk-in-use"}
    headers = {"authorization": f"Bearer {user.token}", "apikey": user.key}
    statuses: list[int] = []

    async with httpx.AsyncClient(
        base_url=user.url, headers=headers, timeout=20, verify=NO_TLS
    ) as http:
        path = "/functions/v1/model-configs"
        made = await http.post(path, json={"name": "a", "provider": "openai-compatible", **body})
        rotating = await asyncio.create_subprocess_exec(
            *vault.command("rotate", "--json"), stdout=asyncio.subprocess.PIPE
        )
        ended = asyncio.ensure_future(rotating.communicate())
        number = 0
        while not ended.done():
            number += 1
            tested = await http.post(f"{path}/{made.json()['id']}/test", json={})
            saved = await http.post(
                path, json={"name": f"n{number}", "provider": "openai-compatible", **body}
            )
            statuses += [tested.status_code, saved.status_code]
        told: dict[str, Any] = json.loads((await ended)[0])

    assert set(statuses) <= {200, 201}
    assert len(statuses) > 10
    assert {headers["authorization"] for headers in upstream.headers} == {"Bearer sk-in-use"}
    assert set(vault.counts()) == {told["sealing_key"]}


def test_a_key_is_retired_when_nothing_needs_it_and_not_before(vault: Vault) -> None:
    vault.add_sealed(3)
    old = sealing(vault)
    unknown, in_use = vault.run("retire", "nobody"), vault.run("retire", old)
    assert (unknown.returncode, in_use.returncode) == (1, 1)
    assert "Rotate first" in in_use.stderr
    vault.json("rotate")

    assert vault.json("retire", old) == {"retired": old, "is_removed": True}

    assert old not in [key["id"] for key in vault.json("list")]
    assert vault.opened() == {"sk-canary-stored"}


def test_two_rotations_at_once_are_one(vault: Vault) -> None:
    vault.add_sealed(3000)
    first = subprocess.Popen(vault.command("rotate"), stdout=subprocess.DEVNULL)
    time.sleep(0.6)
    second = vault.run("rotate")

    assert first.wait(30) == 0
    assert len(vault.counts()) == 1
    assert second.returncode in (0, 1)


def test_a_damaged_file_of_keys_does_not_reach_the_running_backend(
    vault: Vault, user: BackendUser
) -> None:
    file = vault.backend.folder / "keys.json"
    text = file.read_text()
    file.write_text("{")
    vault.backend.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)

    refused = vault.run("rotate")
    config = user.add_config(base_url=BASE_URL, model="m", api_key="sk-canary-stored")

    file.write_text(text)
    assert refused.returncode == 1
    assert "damaged" in refused.stderr
    assert config
    assert vault.opened() == {"sk-canary-stored"}


def test_a_folder_without_a_running_backend_is_refused(
    vault: Vault, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    command = [*vault.command("rotate")[:-1], str(empty)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30)

    assert done.returncode == 1
    assert done.stderr.strip() == "The embedded backend is not running: pocketllm backend start"


def master_secrets(vault: Vault) -> list[str]:
    text = json.loads((vault.backend.folder / "keys.json").read_text())["master_keys"]
    return [part.split(":")[1] for part in text.split(",")]


def test_neither_output_nor_log_gives_a_key_or_a_password_away(
    vault: Vault, user: BackendUser
) -> None:
    vault.add_sealed(5)
    user.add_config(base_url=BASE_URL, model="m", api_key="sk-canary-stored")
    wrong = {"email": user.email, "password": "canary password"}
    path, key = f"{user.url}/auth/v1/token?grant_type=password", {"apikey": user.key}
    httpx.post(path, json=wrong, headers=key, verify=NO_TLS)
    httpx.post(path, json={"email": 5, "password": ["canary password"]}, headers=key, verify=NO_TLS)

    output = "".join(
        done.stdout + done.stderr for done in (vault.run("rotate"), vault.run("list", "--json"))
    )

    kept = json.loads((vault.backend.folder / "keys.json").read_text())
    public = ("publishable_key", "master_keys", "retired_keys")
    secrets = [kept[name] for name in kept if name not in public]
    secrets += [*master_secrets(vault), "sk-canary", "canary password", user.password, user.token]
    log = vault.log.read_text()
    assert "the keys were read again" in log
    for secret in secrets:
        assert secret not in output
        assert secret not in log


def test_a_list_that_cannot_be_written_is_a_failure_and_said(vault: Vault) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(vault.command("list"), stdout=full, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 1
    assert done.stderr == "The output could not be written: No space left on device.\n"
