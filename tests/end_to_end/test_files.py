"""`pocketllm files`, and that the files of a chat go when it goes for good."""

from pathlib import Path

import pytest

from tests.support.home import Home

pytestmark = pytest.mark.backend


@pytest.fixture
def notes(tmp_path: Path) -> str:
    (tmp_path / "notes.md").write_text("the secret word is swordfish")
    return str(tmp_path / "notes.md")


def test_a_chat_deleted_for_good_takes_its_files_along(home: Home, notes: str) -> None:
    kept, doomed = [home.run("chats", "new", "F", "--json").json()["id"] for _ in range(2)]
    for chat in (kept, doomed):
        assert home.run("files", "upload", notes, "--chat", chat).code == 0

    home.run("chats", "delete", kept, "--yes")
    erased = home.run("chats", "delete", doomed, "--forever", "--yes")

    assert erased.code == 0, erased.err
    left = {file["path"].split("/")[3] for file in home.run("files", "--json").json()}
    assert kept in left, "it can still be restored"
    assert doomed not in left
