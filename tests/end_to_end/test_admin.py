"""An operator with users, jobs, files and time behind them, by the commands."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from backend_functions.gateway.storage.disk import ObjectFolder
from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.operating import Outcome, open_operator
from pocketllm_cli.cli import main
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import BackendProblem
from pocketllm_cli.models import Context
from pocketllm_cli.upkeep.batches import remove_files
from tests.end_to_end.admin_things import (
    Owner,
    add_job,
    add_owner,
    connect,
    files_naming,
    put,
    tables_naming,
)
from tests.support.home import Home, Ran
from tests.support.plain import NO_TLS

Admin = Callable[..., Ran]


@pytest.fixture
def admin(home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Run the real entry point in this process: there are many, and Python starts slowly."""
    for name in list(os.environ):
        if name.startswith(("POCKETLLM_", "SUPABASE_")):
            monkeypatch.delenv(name)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, stdin: bytes = b"") -> Ran:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            with pytest.raises(SystemExit) as ended:
                main(["admin", *words, "--json"])
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out.encode(), err)

    return run


@pytest.fixture
def owner(home: Home) -> Owner:
    return add_owner(home)


def sign_in(home: Home, email: str, password: str) -> int:
    status = home.status()
    return httpx.post(
        f"{status['url']}/auth/v1/token?grant_type=password",
        json={"email": email, "password": password},
        headers={"apikey": status["publishable_key"]},
        timeout=30,
        verify=NO_TLS,
    ).status_code


def objects(home: Home, part: str) -> list[str]:
    with connect(home) as connection:
        rows = connection.execute(
            "select name from storage.objects where strpos(name, %s) > 0 order by 1", (part,)
        )
        return [row[0] for row in rows.fetchall()]


def test_nothing_of_a_deleted_user_is_left_in_any_table_or_folder(
    home: Home, admin: Admin, owner: Owner
) -> None:
    other = add_owner(home)
    marks = (owner.id, owner.user.email)
    assert len(tables_naming(home, *marks)) > 8
    assert files_naming(home, *marks), "a mail is kept"
    versions = set(ObjectFolder(home.backend_folder / "objects").versions())

    plan = admin("users", "delete", owner.user.email, "--dry-run")
    refused = admin("users", "delete", owner.user.email)
    assert tables_naming(home, owner.id), "nothing is done before it is confirmed"
    done = admin("users", "delete", owner.user.email, "--yes")

    has = {place["place"]: place["entries"] for place in plan.json()["has"]}
    assert refused.code == 2
    assert (has["messages"], has["files"], has["deleted chats"]) == (2, 3, 1)
    assert done.json()["deleted"] == {"files": 3, "rows": 5, "accounts": 1}
    assert tables_naming(home, *marks) == []
    assert files_naming(home, *marks) == []
    gone = versions - set(ObjectFolder(home.backend_folder / "objects").versions())
    assert len(gone) == 3
    assert len(objects(home, other.id)) == 3
    states = [entry["details"]["state"] for entry in admin("audit", "--user", owner.id).json()]
    assert states == ["done", "begun"]


def test_a_deletion_that_was_stopped_after_the_account_is_taken_up_by_the_id(
    home: Home, admin: Admin, owner: Owner
) -> None:
    with connect(home) as connection:  # the account went, and the files did not
        connection.execute("delete from auth.users where id = %s", (owner.id,))

    done = admin("users", "delete", owner.id, "--yes")
    again = admin("users", "delete", owner.id, "--yes")

    assert done.json()["deleted"] == {"files": 3}
    assert again.code == 6
    assert objects(home, owner.id) == []


def test_a_user_is_made_shut_out_let_in_given_a_password_and_taken_along(
    home: Home, admin: Admin, tmp_path: Path
) -> None:
    email = f"{uuid4().hex}@example.org"

    made = admin("users", "create", email, "--password-stdin", stdin=b"the first one\n").json()
    entered = sign_in(home, email, "the first one")
    admin("users", "disable", email, "--yes")
    shut_out = sign_in(home, email, "the first one")
    admin("users", "enable", made["id"])
    words = ("users", "reset-password", email, "--password-stdin", "--yes")
    admin(*words, stdin=b"the second one\n")

    assert (made["email"], made["state"]) == (email, "active")
    assert (entered, shut_out, sign_in(home, email, "the second one")) == (200, 400, 200)
    deeds = [entry["deed"] for entry in admin("audit", "--user", email).json()]
    assert deeds[:2] == ["users reset-password"] * 2
    assert {"users create", "users disable", "users enable"} < set(deeds)


def test_an_export_has_everything_of_a_user_but_no_key(
    home: Home, admin: Admin, owner: Owner, tmp_path: Path
) -> None:
    target = tmp_path / "user.zip"

    done = admin("users", "export", owner.user.email, str(target)).json()

    assert done["exported"] | {"files": 3, "messages": 2, "jobs": 1} == done["exported"]
    with zipfile.ZipFile(target) as archive:
        lines = archive.read("messages.jsonl").decode().splitlines()
        configs = archive.read("model_configs.jsonl").decode()
        picture = f"files/private/generated_images/{owner.id}/{owner.job}.png"
        assert archive.read(picture).startswith(b"\x89PNG")
        (deleted,) = archive.read("deleted_chats.jsonl").decode().splitlines()
    assert [json.loads(line)["content"] for line in lines].count("hello") == 1
    kept = json.loads(deleted)["content"]["messages"]
    assert [message["content"] for message in kept] == ["hello", "there"]
    assert '"has_key": true' in configs
    assert "api_key_encrypted" not in configs
    assert target.stat().st_mode & 0o777 == 0o600
    assert admin("users", "export", owner.id, str(target)).code != 0


def test_jobs_are_listed_ended_done_anew_and_removed_with_their_pictures(
    home: Home, admin: Admin, owner: Owner
) -> None:
    waiting, failed = (add_job(home, owner.id, status) for status in ("pending", "failed"))

    listed = admin("jobs", "list", "--user", owner.id).json()
    ended = admin("jobs", "cancel", waiting, "--yes").json()
    ended_again = admin("jobs", "cancel", waiting, "--yes")
    anew = admin("jobs", "retry", failed).json()
    not_failed = admin("jobs", "retry", owner.job)
    purge = ("jobs", "purge", "--older-than", "24h", "--user", owner.id)
    plan, done = admin(*purge, "--dry-run").json(), admin(*purge, "--yes").json()

    assert {job["id"] for job in listed} == {waiting, failed, owner.job}
    assert (ended[0]["status"], ended_again.code) == ("failed", 1)
    assert anew[0]["id"] != failed
    assert (anew[0]["user_id"], anew[0]["input_data"]) == (owner.id, {"prompt": "x"})
    assert not_failed.code == 1
    assert plan["entries"] == 2
    assert done["removed"] == {"files": 1, "jobs": 2}
    left = {job["id"] for job in admin("jobs", "list", "--user", owner.id).json()}
    assert left == {waiting, anew[0]["id"]}
    assert objects(home, owner.job) == []


def test_a_purge_removes_no_file_but_the_pictures_of_its_own_jobs(
    home: Home, admin: Admin, owner: Owner
) -> None:
    other = add_owner(home)
    theirs = f"private/user_files/{other.id}/{other.chat}/a.txt"
    own = f"private/user_files/{owner.id}/{owner.chat}/a.txt"
    alone, shared = (f"private/image_inputs/{owner.id}/{uuid4()}.png" for _ in range(2))
    foreign = f"private/image_inputs/{other.id}/{uuid4()}.png"
    for name in (alone, shared, foreign):
        put(home, name, b"a picture to change", "image/png")
    past = {"status": "completed", "updated_at": "2020-01-01T00:00:00Z"}
    told = [
        {"job_type": "file_analysis", "output_data": {"path": own}},  # a document that is in use
        {"job_type": "image_generation", "output_data": {"path": f"user_assets/{theirs}"}},
        {"job_type": "image_generation", "input_data": {"inputImage": foreign}},
        {"job_type": "image_generation", "input_data": {"inputImage": f"user_assets/{alone}"}},
        {"job_type": "image_generation", "input_data": {"inputImage": shared}},
    ]
    jobs = [{"id": str(uuid4()), **past, **job} for job in told]
    jobs.append(jobs[4] | {"id": str(uuid4()), "updated_at": "2999-01-01T00:00:00Z"})
    owner.user.call("POST", "/rest/v1/rpc/import_jobs", {"jobs": jobs})
    before = set(objects(home, owner.id)) | set(objects(home, other.id))

    done = admin("jobs", "purge", "--older-than", "365d", "--user", owner.id, "--yes").json()

    assert done["removed"] == {"files": 1, "jobs": 5}
    assert before - (set(objects(home, owner.id)) | set(objects(home, other.id))) == {alone}


def test_storage_is_tidied_after_its_plan_was_shown_and_nothing_young_is_touched(
    home: Home, admin: Admin, owner: Owner
) -> None:
    old, young = (f"private/user_files/{owner.id}/{uuid4()}/a.txt" for _ in range(2))
    for name in (old, young):
        put(home, name, b"of no chat", "text/plain")
    with connect(home) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update storage.objects set created_at = now() - interval '3 days',"
            " updated_at = now() - interval '3 days' where name in (%s, %s)",
            (old, f"private/generated_images/{owner.id}/{owner.job}.png"),
        )
        connection.execute(
            "delete from storage.objects where name like %s", (f"%{owner.job}.png",)
        )  # a picture whose row is lost: its job has none, its file no row
    loose = max(
        ObjectFolder(home.backend_folder / "objects").paths(), key=lambda path: path.stat().st_mtime
    )
    folder = home.backend_folder / "objects"
    lost = folder / "00" / "00000000-0000-4000-8000-000000000000"
    lost.parent.mkdir(mode=0o700, exist_ok=True)
    lost.write_bytes(b"of no row")
    left = folder / "incoming" / str(uuid4())
    left.write_bytes(b"half")
    for path in (lost, left):
        os.utime(path, (time.time() - 3 * 86400,) * 2)

    plan = admin("storage", "gc", "--dry-run").json()
    refused = admin("storage", "gc")
    done = admin("storage", "gc", "--yes").json()["removed"]

    assert old in {file["name"] for file in plan["files"]}
    assert young not in {file["name"] for file in plan["files"]}
    assert owner.job in plan["jobs"]
    assert refused.code == 2
    assert done["files"] >= 1
    assert done["uploads left over"] >= 1
    assert not lost.exists()
    assert not left.exists()
    assert loose.exists()
    assert objects(home, owner.id) == sorted(
        [
            young,
            f"private/user_files/{owner.id}/{owner.chat}/a.txt",
            f"public/avatars/{owner.id}.png",
        ]
    )
    jobs = admin("jobs", "list", "--user", owner.id).json()
    assert owner.job not in {job["id"] for job in jobs}
    noted = [(entry["deed"], entry["details"]["state"]) for entry in admin("audit").json()[:4]]
    deeds = ("storage sweep", "storage gc")
    assert noted == [(deed, state) for deed in deeds for state in ("done", "begun")]
    shares = admin("storage", "usage", "--limit", "1000").json()
    assert owner.id in {share["user_id"] for share in shares}


def test_what_was_not_used_for_long_goes_for_one_user_with_its_files(
    home: Home, admin: Admin, owner: Owner
) -> None:
    with connect(home) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update public.chats set updated_at = now() - interval '2 years' where id = %s",
            (owner.chat,),
        )
    words = ("retention", "--older-than", "365d", "--user", owner.id, "--only", "chats")

    plan = admin(*words, "--dry-run").json()
    done = admin(*words, "--yes").json()["removed"]
    again = admin(*words, "--yes").json()["removed"]

    assert [(place["place"], place["entries"]) for place in plan] == [("chats", 1)]
    assert done == {"files": 1, "messages": 2, "chats": 1}
    assert again == {}
    assert len(objects(home, owner.id)) == 2


def test_files_that_a_killed_retention_left_go_with_the_next_unless_the_chat_is_back(
    home: Home, admin: Admin, owner: Owner
) -> None:
    files = [f"private/user_files/{owner.id}/{chat}/a.txt" for chat in (owner.chat, str(uuid4()))]
    put(home, files[1], b"of a chat that was brought in again", "text/plain")
    back = files[1].split("/")[3]
    owner.user.call("POST", "/rest/v1/chats", {"id": back, "title": "b"}, prefer="return=minimal")
    with connect(home) as connection:  # as far as it came
        connection.execute("set role service_role")
        connection.execute(
            "select * from public.admin_erase_chats(array[%s]::uuid[], now() + '1 hour')",
            (owner.chat,),
        )
        connection.execute("insert into private.erased_chats values (%s, %s)", (back, owner.id))
    left = objects(home, "user_files/" + owner.id)

    done = admin("retention", "--older-than", "365d", "--user", owner.id, "--yes").json()

    assert left == sorted(files)
    assert done["removed"] == {"files": 1}
    assert objects(home, "user_files/" + owner.id) == files[1:]
    assert "erased_chats" not in str(tables_naming(home, owner.id)), "nothing is left to do"


async def test_files_that_another_run_has_just_removed_are_no_failure_and_those_that_stay_are(
    home: Home, tmp_path: Path
) -> None:
    status, outcome = home.status(), Outcome()
    context = Context("here", status["url"], status["publishable_key"])
    found = [[f"private/user_files/{uuid4()}/{uuid4()}/gone.txt"], []]

    async def find() -> list[str]:
        return found.pop(0) if found else ["private/user_files/stays.txt"]

    async with open_operator(
        context,
        embedded=EmbeddedBackend(tmp_path, print),
        key=status["secret_key"],
        log=DebugLog(None),
    ) as operator:
        await remove_files(operator.files, outcome, lambda outcome: None, find)
        with pytest.raises(BackendProblem, match="does not remove"):
            await remove_files(operator.files, outcome, lambda outcome: None, find)

    assert outcome.done == {}


def test_a_deleted_chat_takes_its_files_along_when_its_time_is_over(
    home: Home, admin: Admin, owner: Owner
) -> None:
    file = f"private/user_files/{owner.id}/{owner.chat}/a.txt"
    owner.user.call("POST", "/rest/v1/rpc/delete_chats", {"chat_ids": [owner.chat]})
    words = ("retention", "--older-than", "1d", "--user", owner.id, "--only", "deleted-chats")

    early = admin(*words, "--yes").json()["removed"]
    kept = objects(home, owner.chat)
    with connect(home) as connection:
        connection.execute(
            "update private.deleted_chats set deleted_at = now() - interval '31 days'"
            " where id = %s",
            (owner.chat,),
        )
    done = admin(*words, "--yes").json()["removed"]

    assert (early, kept) == ({}, [file])
    assert done == {"deleted chats": 1, "files": 1}
    assert objects(home, owner.chat) == []


def test_another_key_signs_only_after_that_was_noted(home: Home, admin: Admin) -> None:
    admin("auth-keys", "rotate", "--yes")
    refused = admin("auth-keys", "retire", "no-such-key", "--yes")

    states = [
        (entry["deed"], entry["details"]["state"])
        for entry in admin("audit").json()
        if entry["deed"].startswith("auth-keys")
    ]
    assert refused.code == 1
    assert states[:4] == [
        ("auth-keys retire", "failed"),
        ("auth-keys retire", "begun"),
        ("auth-keys rotate", "done"),
        ("auth-keys rotate", "begun"),
    ]


def test_without_the_secret_key_nothing_is_done_and_a_wrong_one_is_refused(home: Home) -> None:
    status = home.status()
    there = {"POCKETLLM_URL": status["url"], "POCKETLLM_ANON_KEY": status["publishable_key"]}

    without = home.run("admin", "users", "list", **there)
    wrong = home.run("admin", "users", "list", **there, SUPABASE_SECRET_KEY="sb_secret_wrong-key")
    public = home.run("admin", "stats", **there, SUPABASE_SECRET_KEY=str(status["publishable_key"]))
    right = home.run("admin", "users", "list", **there, SUPABASE_SECRET_KEY=status["secret_key"])

    assert (without.code, wrong.code, public.code, right.code) == (3, 3, 3, 0)
    assert "SUPABASE_SECRET_KEY" in without.err
    assert "sb_secret_wrong-key" not in wrong.err + wrong.text
