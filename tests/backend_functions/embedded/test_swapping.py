"""Several things are replaced together: whatever stops it, they are all old or become all new."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend_functions.admin.restore import keep_new, take_back_old
from backend_functions.embedded.swapping import Swap, begin_swap, finish_swap, remove

NAMES = ("postgres", "objects", "keys.json")


class Killed(Exception):
    pass


def make(folder: Path) -> list[Swap]:
    """A backend's folder, its successor beside it; there were no objects before."""
    swaps = [Swap.of(folder / name) for name in NAMES]
    for swap in swaps:
        for path, text in ((swap.place, "old"), (swap.staged, "new")):
            if swap.place.name != "objects" or text == "new":
                _write(path, text)
    return swaps


def _write(path: Path, text: str) -> None:
    if path.name.startswith("keys."):
        path.write_text(text)
    else:
        path.mkdir()
        (path / "content").write_text(text)


def content(folder: Path) -> dict[str, str]:
    paths = {name: folder / name for name in NAMES}
    return {
        name: (path if path.is_file() else path / "content").read_text()
        for name, path in paths.items()
        if path.exists()
    }


NEW = dict.fromkeys(NAMES, "new")
OLD = {"postgres": "old", "keys.json": "old"}


@pytest.mark.parametrize("renames", range(6))
def test_a_kill_after_any_step_leaves_what_the_next_start_finishes(
    tmp_path: Path, renames: int
) -> None:
    begin_swap(tmp_path, make(tmp_path))
    done = 0

    def rename(old: Path, new: Path) -> None:
        nonlocal done
        if done == renames:
            raise Killed
        done += 1
        old.rename(new)

    if renames < 5:  # of two that were there and one that was not
        with pytest.raises(Killed):
            finish_swap(tmp_path, rename)
    else:
        assert finish_swap(tmp_path, rename)
    finish_swap(tmp_path)

    assert content(tmp_path) == NEW
    assert not finish_swap(tmp_path)


def test_before_it_is_decided_everything_is_as_it_was(tmp_path: Path) -> None:
    make(tmp_path)

    assert not finish_swap(tmp_path)
    assert content(tmp_path) == OLD


def test_what_was_put_aside_can_be_taken_back(tmp_path: Path) -> None:
    swaps = make(tmp_path)
    begin_swap(tmp_path, swaps)
    finish_swap(tmp_path)

    begin_swap(tmp_path, [swap.undone() for swap in swaps if swap.aside.exists()])
    finish_swap(tmp_path)

    assert content(tmp_path) == OLD | {"objects": "new"}


def test_a_restore_that_does_not_start_is_undone_and_one_that_does_is_kept(tmp_path: Path) -> None:
    for name in NAMES:
        _write(tmp_path / name, "new")
        if name != "objects":
            _write(tmp_path / f"{name}.before", "old")

    assert take_back_old(tmp_path)
    assert content(tmp_path) == OLD | {"objects": "new"}
    assert not take_back_old(tmp_path), "there is nothing aside any more"

    (tmp_path / "postgres.before").mkdir()
    keep_new(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".before", ".refused")]


def test_what_two_remove_at_once_is_gone_and_nobody_fails(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / "old" / str(number % 20)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "old" / str(number % 20) / str(number)).touch()

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(remove, tmp_path / "old") for _ in range(4)]

    assert [each.exception() for each in done] == [None] * 4
    assert not (tmp_path / "old").exists()
