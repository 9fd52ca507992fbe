"""Everything of one account, brought to an account at another backend."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from backend_functions.embedded.machine_keys import load
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import parse_master_keys
from tests.support.home import Home

MOVE = ("transfer", "--from", "embedded", "--to", "there")
LONG, SHORT = 900, 40
KEY = "sk-canary-0123456789"
PNG = b"\x89PNG\r\n\x1a\n not really"


@dataclass(frozen=True, slots=True)
class Two:
    """A machine with a backend of its own, and an account of its person at another one."""

    here: Home
    there: Home
    """The machine whose backend is the target."""
    local_id: str
    user_id: str

    def here_rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.here, statement, *values)

    def there_rows(self, statement: str) -> list[tuple[Any, ...]]:
        return rows(self.there, statement, self.user_id)

    def chats(self, *context: str) -> list[dict[str, Any]]:
        done = self.here.run(*context, "chats", "export", "--all", "--format", "json")
        found: list[dict[str, Any]] = done.json()["chats"]
        for chat in found:
            chat["model_config_id"] = bool(chat["model_config_id"])
            for message in chat["messages"]:
                message["metadata"] = str(message["metadata"]).replace(self.user_id, self.local_id)
        return found

    def key_at_the_target(self) -> str:
        statement = (
            "select id, api_key_encrypted from public.model_configs where user_id = %s and has_key"
        )
        [(config_id, envelope)] = self.there_rows(statement)
        keys = load(self.there.backend_folder / "keys.json").master_keys
        binding = KeyBinding(UUID(self.user_id), config_id, "https://api.openai.com:443")
        return KeySealer(parse_master_keys(keys)).open(envelope, binding)


def rows(home: Home, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(home.status()["database_url"]) as connection:
        return connection.execute(statement.encode(), values).fetchall()


@pytest.fixture
def two(new_home: Callable[..., Home], home: Home) -> Two:
    here, status = new_home("source"), home.status()
    assert here.run("backend", "start").code == 0
    add = ("context", "add", "there", "--url", status["url"])
    assert here.run(*add, "--anon-key", status["publishable_key"]).code == 0
    assert here.run("context", "use", "embedded").code == 0
    email = f"{uuid4().hex}@example.com"
    sign_up = ("--context", "there", "signup", "--email", email, "--password-stdin")
    done = here.run(*sign_up, stdin=b"a long password\n")
    assert done.code == 0, done.err
    user_id = here.run("--context", "there", "whoami", "--json").json()["id"]
    return Two(here, home, here.run("whoami", "--json").json()["id"], user_id)


def fill(two: Two, tmp_path: Path) -> str:
    """Make chats, a config with its key, a file, jobs and a picture; return the file's path."""
    here, owner = two.here, two.local_id
    add = ("models", "add", "gpt", "--provider", "openai", "--model", "gpt-4.1", "--key-stdin")
    assert here.run(*add, stdin=KEY.encode()).code == 0
    [(config,)] = two.here_rows("select id::text from public.model_configs where name = 'gpt'")
    lists = [[str(uuid4()) for _ in range(count)] for count in (LONG, *[3] * SHORT)]
    path = f"private/user_files/{owner}/{uuid4()}/notes.txt"
    document: dict[str, Any] = {"format": "pocketllm-chats", "version": 1, "chats": []}
    for number, ids in enumerate(lists):
        messages = [
            {
                "id": key,
                "parent_id": ids[max(0, place - 1)] if place else None,
                "role": "assistant" if place % 2 else "user",
                "content": f"text {place} ✓",
                "metadata": {"attachments": [{"path": path}]} if not place else None,
                "created_at": "2026-01-02T03:04:05+00:00",
            }
            for place, key in enumerate(ids)
        ]
        if len(ids) == 3:
            messages[2] |= {"parent_id": ids[0], "role": "assistant"}  # another version
        chat = {
            "id": str(uuid4()) if number else f"0000{str(uuid4())[4:]}",  # the long one is first
            "title": f"chat {number}",
            "title_by": "person",
            "model_config_id": config,
            "current_message_id": ids[1] if len(ids) == 3 else ids[-1],
            "created_at": "2026-01-02T03:04:05+00:00",
            "updated_at": "2026-01-02T03:04:05+00:00",
            "messages": messages,
        }
        document["chats"].append(chat)
    (tmp_path / "chats.json").write_text(json.dumps(document))
    assert here.run("chats", "import", str(tmp_path / "chats.json")).code == 0
    job = str(uuid4())
    picture = f"private/generated_images/{owner}/{job}.png"
    two.here_rows(
        "insert into public.jobs (id, user_id, job_type, status, input_data, output_data)"
        " values (%s, %s, 'image_generation', 'completed', %s, %s) returning 1",
        *(job, owner, Jsonb({"prompt": "a cat"}), Jsonb({"path": picture})),
    )
    two.here_rows(
        "insert into public.jobs (user_id, job_type, status)"
        " values (%s, 'image_generation', 'processing') returning 1",  # nobody works at it here
        owner,
    )
    url = f"{here.status()['url']}/storage/v1/object/user_assets"
    for key, file, content, kind in (
        (here.run("whoami", "--token").text.strip(), path, b"some notes", "text/plain"),
        (here.status()["secret_key"], picture, PNG, "image/png"),
    ):
        headers = {"authorization": f"Bearer {key}", "content-type": kind}
        assert httpx.post(f"{url}/{file}", content=content, headers=headers).is_success
    return path


@pytest.mark.timeout(300)
def test_everything_is_brought_over_also_when_it_is_killed_in_the_middle(
    two: Two, tmp_path: Path
) -> None:
    path, owner = fill(two, tmp_path), two.local_id
    stored = "select count(*) from public.messages where user_id = %s"

    killed = two.here.start(*MOVE)
    while not two.there_rows(stored)[0][0]:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    # The long chat as it is when only its first part has come over.
    two.there_rows(
        "delete from public.messages"
        " where user_id = %s and content ~ '^text [5-9][0-9][0-9] ' returning 1"
    )
    moved = two.here.run(*MOVE, "--json")
    again = two.here.run(*MOVE, "--json")
    folder = str(two.there.backend_folder)
    sealed = two.here.run(*MOVE, "--with-keys", "--to-folder", folder, "--json", "--debug")

    assert moved.code == 1, moved.err  # one job is not over
    assert [one["reason"] for one in moved.json()["left"]] == ["it is not over"]
    assert moved.json()["keys_needed"] == ["gpt"]
    assert two.chats("--context", "there") == two.chats()
    assert two.there_rows(stored) == [(LONG + 3 * SHORT,)]
    assert again.json() | {"already_there": 0} == {
        **dict.fromkeys(("models", "chats", "messages", "files", "bytes", "jobs"), 0),
        "already_there": 0,
        "keys_handed_over": [],
        "keys_needed": ["gpt"],
        "left": moved.json()["left"],
    }
    files = two.there_rows("select name from storage.objects where owner_id = %s order by name")
    [(job,)] = two.there_rows("select id::text from public.jobs where user_id = %s")
    there = path.replace(owner, two.user_id)
    assert files == [(f"private/generated_images/{two.user_id}/{job}.png",), (there,)]
    assert sealed.json() == again.json() | {"keys_handed_over": ["gpt"], "keys_needed": []}
    assert two.key_at_the_target() == KEY
    logs = [log.read_text() for log in two.here.folder.rglob("*.log")]
    assert "canary" not in "".join([moved.err, moved.text, sealed.err, sealed.text, *logs])


def test_what_was_changed_at_the_target_is_left_as_it_is(two: Two, tmp_path: Path) -> None:
    fill(two, tmp_path)
    assert two.here.run(*MOVE).code == 1
    two.there_rows(
        "update public.messages set content = 'mine'"
        " where user_id = %s and content = 'text 800 ✓' returning 1"
    )

    again = two.here.run(*MOVE, "--json")

    assert {one["kind"]: one["reason"] for one in again.json()["left"]} == {
        "chat": "it was changed at the target",
        "job": "it is not over",
    }
    assert two.there_rows(
        "select count(*) from public.messages where user_id = %s and content = 'mine'"
    ) == [(1,)]


def test_the_same_account_is_not_transferred_to_itself(home: Home) -> None:
    ran = home.run("transfer", "--from", "embedded", "--to", "embedded")

    assert ran.code == 2
    assert "same context" in ran.err
