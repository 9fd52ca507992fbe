"""What a backend of the system user keeps outside its folder, and how that is deleted."""

import os
from pathlib import Path

import pytest

from backend_functions.embedded import account
from backend_functions.embedded.__main__ import main
from backend_functions.embedded.account import choose_account


@pytest.fixture
def system_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which root cannot use namespaces, but has a system user."""
    folder = tmp_path / "var" / "lib" / "pocketllm"
    monkeypatch.setattr(account, "_SYSTEM_FOLDER", folder)
    monkeypatch.setattr(account, "_SYSTEM_USER", "nobody")
    monkeypatch.setattr(account, "_works", lambda tried: tried.how.startswith("user:"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda *_: None)
    return folder


def delete(folder: Path) -> int:
    return main(["--folder", str(folder), "--delete-outside"])


def test_a_cluster_of_the_system_user_is_deleted_and_those_of_other_folders_stay(
    system_folder: Path, tmp_path: Path
) -> None:
    mine, other = (choose_account(tmp_path / name).cluster for name in ("mine", "other"))
    for cluster in (mine, other):
        assert cluster.parent.parent == system_folder
        (cluster / "base").mkdir(parents=True)

    assert delete(tmp_path / "mine") == 0

    assert not mine.parent.exists()
    assert (other / "base").exists()
    assert choose_account(tmp_path / "mine").cluster == mine, "a new one would lie there again"


def test_where_nothing_lies_outside_there_is_nothing_to_do(
    system_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()

    assert delete(tmp_path / "mine") == 0
    assert (tmp_path / "mine").exists(), "the folder itself is its owner's to delete"


def test_what_a_link_points_to_is_not_deleted(system_folder: Path, tmp_path: Path) -> None:
    cluster = choose_account(tmp_path / "mine").cluster
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    cluster.symlink_to(tmp_path / "precious")

    assert delete(tmp_path / "mine") == 0
    assert not cluster.parent.exists()
    assert (tmp_path / "precious" / "file").exists()


def test_what_cannot_be_deleted_is_told(
    system_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = choose_account(tmp_path / "mine").cluster
    cluster.parent.rmdir()
    cluster.parent.symlink_to(tmp_path)

    assert delete(tmp_path / "mine") == 1
    assert "Could not delete" in capsys.readouterr().err
