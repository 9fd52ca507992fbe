"""Which pastes are files, which stored paths are fetched, and what a saved file is called."""

from pathlib import Path

import pytest

from pocketllm_cli.errors import NotAllowed
from pocketllm_cli.tui.picked_files import paths_in, safe_name
from pocketllm_cli.tui.picture_cache import check_path
from pocketllm_cli.tui.prompts import Prompt

ME, CHAT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "my photo.png").write_bytes(b"x")
    return tmp_path / "my photo.png"


@pytest.mark.parametrize("form", ["{}", "'{}'", "{}\n", '"{}"', "'{}' '{}'", "{}\n{}"])
def test_paths_are_read_as_terminals_write_them(photo: Path, form: str) -> None:
    assert set(paths_in(form.format(photo, photo))) == {photo}


def test_a_path_with_its_spaces_escaped_and_a_file_address_are_files(photo: Path) -> None:
    assert paths_in(str(photo).replace(" ", "\\ ")) == [photo]
    assert paths_in(f"file://{str(photo).replace(' ', '%20')}") == [photo]


@pytest.mark.parametrize(
    "text", ["", "my photo.png", "see {}", "/none/at/all", "{}\nand this", "/\0", "'", "~nobody/x"]
)
def test_any_other_text_stays_text(photo: Path, text: str) -> None:
    assert paths_in(text.format(photo)) == []


@pytest.mark.parametrize(
    "path",
    [
        "https://attacker.example/a.png",
        f"private/user_files/{ME}/elsewhere/a.png",
        f"private/user_files/{ME}/{CHAT}/..",
        f"private/user_files/{ME}/{CHAT}/../b/a.png",
        f"private/generated_images/{ME}/{CHAT}/a.png",
        f"private/user_files/../{CHAT}/a.png",
        f"/private/user_files/{ME}/{CHAT}/a.png",
        f"private/user_files/{ME}/{CHAT}/a\n.png",
    ],
)
def test_only_files_of_chats_are_fetched(path: str) -> None:
    check_path(f"private/user_files/{ME}/{CHAT}/a b.png")
    with pytest.raises(NotAllowed):
        check_path(path)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a b.png", "a b.png"),
        ("../../.ssh/id", "id"),
        ("..\\x.exe", "x.exe"),
        (".bashrc", "bashrc"),
        ("\x1b[2J\u202e.txt", "_[2J_.txt"),
        ("..", "file"),
    ],
)
def test_a_saved_file_has_a_name_that_harms_nobody(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_an_outbox_of_an_earlier_version_is_understood() -> None:
    old = {"message_id": "m", "chat_id": "c", "text": "Where?"}

    assert Prompt.from_row(old) == Prompt("m", "c", "Where?")
    assert Prompt.from_row({**old, "files": [{"nonsense": 1}]}) is None
