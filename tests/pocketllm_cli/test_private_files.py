import os
from pathlib import Path

import pytest

from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.private_files import make_private_folder, read_private, write_private


def ignore(text: str) -> None:
    return None


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def open_mask() -> object:
    """Every test runs where new files would be open to all."""
    old = os.umask(0)
    yield
    os.umask(old)


def test_files_are_0600_and_folders_0700(tmp_path: Path) -> None:
    file = tmp_path / "above" / "folder" / "file"
    write_private(file, "one")
    write_private(file, "two")

    assert mode_of(file) == 0o600
    assert (mode_of(file.parent), mode_of(file.parents[1])) == (0o700, 0o700)
    assert read_private(file, ignore) == "two"
    assert [entry.name for entry in file.parent.iterdir()] == ["file"]


def test_a_file_open_to_others_is_closed_and_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o644)
    said: list[str] = []

    assert read_private(file, said.append) == "x"
    assert mode_of(file) == 0o600
    assert str(file) in said[0]


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    make_private_folder(folder)

    assert mode_of(folder) == 0o700


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("mine")
    link.symlink_to(victim)

    with pytest.raises(LocalFileProblem):
        write_private(link, "x")
    with pytest.raises(LocalFileProblem):
        read_private(link, ignore)
    assert victim.read_text() == "mine"


def test_a_hard_link_is_replaced_not_written_through(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("mine")
    link.hardlink_to(victim)
    write_private(link, "x")

    assert victim.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    os.chown(file, 12345, 12345)

    with pytest.raises(LocalFileProblem):
        read_private(file, ignore)
    with pytest.raises(LocalFileProblem):
        write_private(file, "y")
    assert file.read_text() == "x"


def test_a_write_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_private(file, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LocalFileProblem, match="No space left"):
        write_private(file, "new")

    assert file.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_private(tmp_path / "none", ignore) is None
