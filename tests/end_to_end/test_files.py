"""`pocketllm files`, and that the files of a chat go when it goes for good."""

from pathlib import Path

import pytest

from tests.support.home import Home

pytestmark = pytest.mark.backend


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "notes.md").write_text("the secret word is swordfish")
    return str(tmp_path / "notes.md")


def paths_in(home: Home, *arguments: str) -> list[str]:
    return [file["path"] for file in home.run("files", "list", "--json", *arguments).json()]


def new_chat(home: Home) -> str:
    return str(home.run("chats", "new", "Files", "--json").json()["id"])


def test_files_go_up_are_listed_come_down_and_are_removed(
    home: Home, notes: str, tmp_path: Path
) -> None:
    chat = new_chat(home)

    stored = home.run("files", "upload", notes, notes, "--chat", chat, "--json")
    listed = home.run("files", "list", "--chat", chat)
    fetched = home.run("files", "download", f"{chat[:8]}/notes.md", str(tmp_path / "copy.md"))
    again = home.run("files", "download", f"{chat}/notes.md", str(tmp_path / "copy.md"))
    unasked = home.run("files", "remove", f"{chat}/notes-2.md")
    removed = home.run("files", "remove", f"{chat}/notes-2.md", "--yes", "--json")
    gone = home.run("files", "remove", f"{chat}/notes-2.md", "--yes")

    assert [file["size"] for file in stored.json()] == [28, 28]
    assert f"pocketllm files remove {stored.json()[0]['path']}" in stored.err
    assert "text/plain" in listed.text
    assert fetched.code == 0, fetched.err
    assert (tmp_path / "copy.md").read_text() == Path(notes).read_text()
    assert again.code == 2
    assert "--force" in again.err
    assert (unasked.code, gone.code) == (2, 6)
    assert removed.json() == [{"path": stored.json()[1]["path"]}]
    assert paths_in(home, "--chat", chat) == [stored.json()[0]["path"]]


def test_what_is_not_stored_is_refused_in_words(home: Home, tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"\x00\x01")
    chat = new_chat(home)

    kind = home.run("files", "upload", str(tmp_path / "tool"), "--chat", chat)
    nowhere = home.run("files", "download", "photo.jpg", str(tmp_path / "a"))
    missing = home.run("files", "download", f"{chat}/photo.jpg", str(tmp_path / "a"))

    assert (kind.code, nowhere.code, missing.code) == (2, 2, 6)
    assert "neither a picture, a PDF nor text" in kind.err
    assert "CHAT/NAME" in nowhere.err
    assert "There is no file" in missing.err
    assert not (tmp_path / "a").exists()


def test_a_chat_deleted_for_good_takes_its_files_along(home: Home, notes: str) -> None:
    kept, doomed = new_chat(home), new_chat(home)
    for chat in (kept, doomed):
        assert home.run("files", "upload", notes, "--chat", chat).code == 0

    home.run("chats", "delete", kept, "--yes")
    erased = home.run("chats", "delete", doomed, "--forever", "--yes")

    assert erased.code == 0, erased.err
    chats = {path.split("/")[3] for path in paths_in(home)}
    assert kept in chats, "it can still be restored"
    assert doomed not in chats
