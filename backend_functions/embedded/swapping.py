"""Replaces files and folders of a backend together: whatever stops it, all are old or all new.

What is to take their place lies beside them first. Then a journal is written: from that moment on
the new ones count, and whoever comes next (`launch`, or the program that began it) finishes. Before
it, nothing has happened.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from backend_functions.embedded.files import write_private

UNPACKED = ".restoring"
"""The folder to which a backup is unpacked."""
_KINDS = ("objects", "mail", "keys.json")
_JOURNAL = "swap.json"
_STAGED = ".restored"
_ASIDE = ".before"


@dataclass(frozen=True, slots=True)
class Swap:
    """One thing: where the new one lies, where it belongs, and where the old one is kept."""

    staged: Path
    place: Path
    aside: Path

    @classmethod
    def of(cls, place: Path) -> "Swap":
        """Return the swap of something for what lies beside it."""
        return cls(
            place.with_name(f"{place.name}{_STAGED}"),
            place,
            place.with_name(f"{place.name}{_ASIDE}"),
        )

    def undone(self) -> "Swap":
        """Return the swap that takes the old one back."""
        return Swap(self.aside, self.place, self.place.with_name(f"{self.place.name}.refused"))


def swaps_of(folder: Path, cluster: Path) -> list[Swap]:
    """Return the swaps of all that a backend keeps: cluster, objects, mails, keys."""
    return [Swap.of(place) for place in (cluster, *(folder / kind for kind in _KINDS))]


def begin_swap(folder: Path, swaps: Sequence[Swap]) -> None:
    """Decide for the new ones, all of which are whole and on disk."""
    for swap in swaps:
        remove(swap.aside)
    told = [{name: str(path) for name, path in asdict(swap).items()} for swap in swaps]
    write_private(folder / _JOURNAL, json.dumps(told))
    sync_folder(folder)


def finish_swap(
    folder: Path, rename: Callable[[Path, Path], object] = lambda old, new: old.rename(new)
) -> bool:
    """Do what a journal says is still to do; False when there is none. May be run again."""
    try:
        told = json.loads((folder / _JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    for swap in (Swap(*(Path(row[name]) for name in ("staged", "place", "aside"))) for row in told):
        if os.path.lexists(swap.staged):
            if os.path.lexists(swap.place):
                rename(swap.place, swap.aside)
            rename(swap.staged, swap.place)
            sync_folder(swap.place.parent)
    (folder / _JOURNAL).unlink()
    sync_folder(folder)
    return True


def remove_unfinished(folder: Path, cluster: Path) -> None:
    """Remove what was to take a place when it was stopped, where no journal decides for it.

    Raises:
        OSError: Some of it could not be removed.
    """
    for path in (folder / UNPACKED, *folder.glob(f"*{_STAGED}"), Swap.of(cluster).staged):
        remove(path)


def remove_aside(folder: Path, cluster: Path) -> None:
    """Remove what a swap has put aside, for whoever has seen the new run.

    Raises:
        OSError: Some of it could not be removed.
    """
    for swap in swaps_of(folder, cluster):
        remove(swap.aside)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; it need not be there.

    Two may do so at once, such as a restore and the backend that it started.

    Raises:
        OSError: Some of it could not be removed.
    """
    while path.is_dir() and not path.is_symlink():
        with suppress(FileNotFoundError):  # the other one was there first
            shutil.rmtree(path)
    path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have on disk what was renamed in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
