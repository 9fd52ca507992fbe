"""All of an embedded backend in one file: taken while it is used, and back, whatever stops it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from psycopg import sql

from backend_functions.admin.archive import Manifest, new_archive, read_archive
from backend_functions.db.migrate import read_migrations, sql_folder
from tests.end_to_end.admin_things import Owner, add_owner, connect, everything, put
from tests.support.home import Home, home_in

WORDS = b"correct horse battery\n"
LATER = {
    '"audit"."entries"',
    '"procrastinate"."procrastinate_workers"',
    '"private"."job_outcomes"',
}
"""What is not as it was: a backup and a restore are noted; a worker says that it lives, and what
it counts, sometimes only after we looked."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A machine of these tests' own, since they stop its backend."""
    with home_in(tmp_path_factory.mktemp("backups")) as home:
        started = home.run("backend", "start")
        assert started.code == 0, started.err
        yield home


@pytest.fixture(scope="module")
def owner(machine: Home) -> Owner:
    return add_owner(machine)


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup, and what there was when it was made."""

    file: Path
    kept: dict[str, str]


@pytest.fixture(scope="module")
def saved(machine: Home, owner: Owner, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Back the machine up when the first test asks for it."""
    target = tmp_path_factory.mktemp("saved") / "pocketllm.backup"
    before = kept(machine)
    backup(machine, target)
    return Saved(target, before)


def kept(home: Home) -> dict[str, str]:
    return {name: value for name, value in everything(home).items() if name not in LATER}


def backup(home: Home, target: Path) -> None:
    done = home.run("admin", "backup", str(target), "--passphrase-stdin", stdin=WORDS)
    assert done.code == 0, done.err


def test_backup_wipe_restore_and_everything_is_equal(
    machine: Home, owner: Owner, saved: Saved
) -> None:
    assert sum(name.startswith("objects/") for name in saved.kept) >= 3
    assert machine.run("backend", "reset", "--yes").code == 0

    restore = ("admin", "restore", str(saved.file), "--passphrase-stdin")
    asked = machine.run(*restore, stdin=WORDS)
    wrong = machine.run(*restore, "--yes", stdin=b"another passphrase\n")
    keyless = machine.run("admin", "restore", str(saved.file), "--yes")
    done = machine.run(*restore, "--yes", "--json", stdin=WORDS)

    assert (asked.code, wrong.code, keyless.code) == (2, 1, 2)
    assert "--yes" in asked.err
    assert "does not open" in wrong.err
    assert done.code == 0, done.err
    assert kept(machine) == saved.kept
    assert _enters(machine, owner), "with the password of before"
    assert b"sk-canary" not in saved.file.read_bytes()
    assert saved.file.stat().st_mode & 0o777 == 0o600
    left = {path.name for path in machine.backend_folder.iterdir()}
    assert not {name for name in left if name.endswith((".before", ".restored"))}
    deeds = [("restore", "done"), ("restore", "begun"), ("backup", "begun")]
    assert noted(machine)[:3] == deeds, "also one that was killed would have its beginning"


def noted(home: Home) -> list[tuple[str, str]]:
    """Return what operators did and how far it came, the newest first."""
    entries = home.run("admin", "audit", "--json").json()
    return [(entry["deed"], entry["details"]["state"]) for entry in entries]


def test_what_failed_is_noted_in_the_data_that_stayed(machine: Home, tmp_path: Path) -> None:
    assert machine.run("backend", "start").code == 0
    with new_archive(tmp_path / "b") as archive:
        for name in ("database.dump", "roles.sql", "keys.json"):
            archive.add_text(name, "{}")
        archive.finish(Manifest("2026-11-22T00:00:00+00:00", "0.1.0", "18.6", [], {}, False))

    no_folder = machine.run("admin", "backup", str(tmp_path / "none" / "b"))
    no_keys = machine.run("admin", "restore", str(tmp_path / "b"), "--yes")

    assert (no_folder.code, no_keys.code) == (1, 1)
    assert "no folder" in no_folder.err
    wanted = [(deed, state) for deed in ("restore", "backup") for state in ("failed", "begun")]
    assert noted(machine)[:4] == wanted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=str)
def test_a_backup_that_is_stopped_leaves_nothing_that_can_be_read(
    machine: Home, tmp_path: Path, number: signal.Signals
) -> None:
    assert machine.run("backend", "start").code == 0
    folder = machine.backend_folder
    command = [sys.executable, "-m", "backend_functions.admin", "backup", "--folder", str(folder)]
    with connect(machine) as connection, connection.transaction():
        connection.execute("lock table public.chats in access exclusive mode")  # the dump waits
        process = subprocess.Popen(
            [*command, "--file", str(tmp_path / "b")],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not [*folder.glob(".backup-*/database.dump")]:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(number)
        told = process.communicate(timeout=60)[1]
    if number == signal.SIGKILL:  # which nobody can answer: the next one cleans up
        backup(machine, tmp_path / "next")

    assert told == ""
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert [*folder.glob(".backup-*")] == []
    assert number == signal.SIGKILL or [*tmp_path.iterdir()] == []


def _enters(home: Home, owner: Owner) -> bool:
    status = home.status()
    answer = httpx.post(
        f"{status['url']}/auth/v1/token?grant_type=password",
        json={"email": owner.user.email, "password": owner.user.password},
        headers={"apikey": status["publishable_key"]},
        timeout=30,
    )
    return answer.is_success


def test_a_backup_of_a_backend_in_use_fits_together(machine: Home, tmp_path: Path) -> None:
    over = threading.Event()
    who = add_owner(machine)

    def use() -> None:
        while not over.is_set():
            name = f"private/user_files/{who.id}/{who.chat}/{uuid4()}.txt"
            put(machine, name, b"some bytes", "text/plain")
            who.user.call("DELETE", "/storage/v1/object/user_assets", {"prefixes": [name]})

    users = [threading.Thread(target=use) for _ in range(2)]
    for user in users:
        user.start()
    try:
        backup(machine, tmp_path / "b")
    finally:
        over.set()
        for user in users:
            user.join()

    manifest = read_archive(tmp_path / "b")
    files = [name for name in manifest.members if name.startswith("objects/")]
    assert len(files) == manifest.rows["storage.objects"]


def test_a_file_that_is_lost_does_not_keep_the_rest_from_being_backed_up(
    machine: Home, tmp_path: Path
) -> None:
    assert machine.run("backend", "start").code == 0
    who = add_owner(machine)
    with connect(machine) as connection:
        [(version,)] = connection.execute(
            "select version from storage.objects where strpos(name, %s) > 0", (who.chat,)
        ).fetchall()
    lost = machine.backend_folder / "objects" / version[:2] / version
    content = lost.read_bytes()
    lost.unlink()
    try:
        done = machine.run("admin", "backup", str(tmp_path / "b"))
    finally:
        lost.write_bytes(content)

    manifest = read_archive(tmp_path / "b")
    assert done.code == 0
    assert "disk has not: 1." in done.err
    assert manifest.missing == [version]
    files = [name for name in manifest.members if name.startswith("objects/")]
    assert len(files) == manifest.rows["storage.objects"] - 1


def test_a_restore_that_is_killed_leaves_what_was_there(machine: Home, saved: Saved) -> None:
    add_owner(machine)  # so that the old is not the new
    before = kept(machine)
    assert machine.run("backend", "stop").code == 0
    folder = machine.backend_folder
    for name in ("objects.before", "postgres.before"):  # of another one, killed at its end
        (folder / name / "folder").mkdir(parents=True)
    command = [sys.executable, "-m", "backend_functions.admin", "restore", "--folder", str(folder)]
    process = subprocess.Popen(
        [*command, "--file", str(saved.file), "--passphrase-stdin"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(WORDS)
    process.stdin.close()
    while not (folder / "postgres.restored").exists():
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert not (folder / "swap.json").exists()
    assert machine.run("backend", "start").code == 0
    assert kept(machine) == before
    names = [path.name for path in folder.iterdir()]
    assert not [name for name in names if "restor" in name], "the start has cleaned up"
    deadline = time.monotonic() + 60
    while [*folder.glob("*.before")]:  # when it had started
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_backup_of_an_earlier_version_is_restored_and_brought_up(
    machine: Home, tmp_path: Path
) -> None:
    assert machine.run("backend", "start").code == 0
    add_owner(machine)
    now = kept(machine)
    folder = sql_folder() / "supabase" / "migrations"
    newest = read_migrations(folder)[-1]
    made = re.findall(
        r"^create (function|text search configuration) ([a-z_]+[.][a-z_]+)", newest.text, re.M
    )
    assert made, "what the newest migration makes can be taken away again"
    with connect(machine) as connection:  # as it was before the newest migration
        for kind, name in made:
            target = sql.Identifier(*name.split("."))
            connection.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), target))
        connection.execute(
            "delete from supabase_migrations.schema_migrations where version = %s",
            (newest.version,),
        )
    backup(machine, tmp_path / "b")
    assert machine.run("backend", "reset", "--yes").code == 0

    done = machine.run(
        *("admin", "restore", str(tmp_path / "b"), "--passphrase-stdin", "--yes"), stdin=WORDS
    )

    assert done.code == 0, done.err
    assert read_archive(tmp_path / "b").migrations[-1] < f"supabase_migrations.{newest.version}"
    assert kept(machine) == now
    assert machine.run("admin", "retention", "--older-than", "1d", "--dry-run").code == 0
