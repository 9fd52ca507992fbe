"""`pocketllm files`: up, listed, down and removed, and what is said of what cannot be."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.drawn import drawn
from tests.pocketllm_cli.fake_backend import FakeBackend

MY_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def chat(backend: FakeBackend) -> str:
    return str(backend.add_chat("Files")["id"])


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "notes.md").write_text("the secret word is swordfish")
    return str(tmp_path / "notes.md")


def test_files_go_up_and_none_replaces_another(
    backend: FakeBackend, cli: Cli, chat: str, notes: str
) -> None:
    stored = cli("files", "upload", notes, notes, "--chat", "last", "--json")
    listed = cli("files", "--json")

    folder = f"private/user_files/{MY_ID}/{chat}"
    paths = [f"{folder}/notes-2.md", f"{folder}/notes.md"]
    assert sorted(file["path"] for file in json.loads(stored.out)) == paths
    assert f"pocketllm files remove {folder}/notes.md" in stored.err
    assert [(file["path"], file["size"]) for file in json.loads(listed.out)] == [
        (path, 28) for path in paths
    ]
    assert "text/plain" in cli("files", "list", "--chat", chat[:8]).out


def test_a_file_comes_down_and_replaces_nothing_unasked(
    backend: FakeBackend, cli: Cli, chat: str, notes: str, tmp_path: Path
) -> None:
    cli("files", "upload", notes, "--chat", chat)
    folder = tmp_path / "down"
    folder.mkdir()

    fetched = cli("files", "download", f"{chat[:8]}/notes.md", str(folder))
    refused = cli("files", "download", "last/notes.md", notes)
    forced = cli("files", "download", "last/notes.md", notes, "--force")

    assert (fetched.exit_code, refused.exit_code, forced.exit_code) == (0, 2, 0)
    assert (folder / "notes.md").read_text() == Path(notes).read_text()
    assert "--force" in refused.err


def test_a_file_goes_on_to_a_program_byte_for_byte(
    backend: FakeBackend,
    cli: Cli,
    program: Callable[..., "subprocess.CompletedProcess[bytes]"],
    chat: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    picture = drawn()
    (tmp_path / "a.png").write_bytes(picture)
    cli("files", "upload", "a.png", "--chat", chat)

    piped = program("files", "download", "last/a.png", "-")
    both = cli("files", "download", "last/a.png", "-", "--json")
    gone = cli("files", "download", "last/b.png", "-")

    assert (piped.returncode, piped.stdout) == (0, picture)
    assert (both.exit_code, both.out) == (2, "")
    assert (gone.exit_code, gone.out) == (6, "")
    assert not (tmp_path / "-").exists()


def test_removing_asks_and_says_what_is_not_there(
    backend: FakeBackend, cli: Cli, chat: str, notes: str
) -> None:
    cli("files", "upload", notes, "--chat", chat)

    unasked = cli("files", "remove", "last/notes.md")
    removed = cli("files", "rm", "last/notes.md", "--yes", "--json")
    gone = cli("files", "remove", "last/notes.md", "--yes")

    assert (unasked.exit_code, removed.exit_code, gone.exit_code) == (2, 0, 6)
    assert [file["path"].rpartition("/")[2] for file in json.loads(removed.out)] == ["notes.md"]
    assert "There is no file" in gone.err
    assert not backend.storage.objects


def test_what_is_no_file_of_a_kind_that_is_stored_is_refused_in_words(
    backend: FakeBackend, cli: Cli, chat: str, tmp_path: Path
) -> None:
    (tmp_path / "tool").write_bytes(b"\x00\x01")

    kind = cli("files", "upload", str(tmp_path / "tool"), "--chat", chat)
    nowhere = cli("files", "download", "photo.jpg", str(tmp_path / "a"))
    address = cli("files", "upload", "https://example.org/a.png", "--chat", chat)

    assert (kind.exit_code, nowhere.exit_code, address.exit_code) == (2, 2, 2)
    assert "neither a picture, a PDF nor text" in kind.err
    assert "CHAT/NAME" in nowhere.err
    assert "curl -O" in address.err
