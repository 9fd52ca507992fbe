"""The commands `backup`, `verify`, `restore`, `keep-restored`, `take-back` and `storage sweep`."""

import argparse
import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend_functions.admin.archive import Manifest
from backend_functions.admin.backup import make_backup
from backend_functions.admin.key_rings import EmbeddedRing
from backend_functions.admin.migrations import owner_address
from backend_functions.admin.noting import noted, noted_at
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.restore import keep_new, restore, take_back_old, verify
from backend_functions.admin.sweeping import LEAST_GRACE_SECONDS, Swept, sweep
from backend_functions.db.pool import Database
from backend_functions.embedded.postgres import PostgresFailed
from backend_functions.embedded.status import AlreadyRunning
from backend_functions.gateway.storage.disk import ObjectFolder

_HELPS = {
    "backup": "write all that an embedded backend keeps to one file",
    "verify": "read a backup to its end and compare it with its checksums",
    "restore": "put a backup in the place of a stopped backend's data",
    "keep-restored": "remove the data that a restore has put aside",
    "take-back": "put the data back that a restore has put aside",
}


def add_copying(nouns: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    for noun, help_text in _HELPS.items():
        parser = nouns.add_parser(noun, parents=[shared], help=help_text)
        if noun in ("backup", "verify", "restore"):
            parser.add_argument("--file", type=Path, required=True)
            parser.add_argument(
                "--passphrase-stdin", action="store_true", help="of the keys, one line"
            )
    storage = nouns.add_parser("storage", help="files that belong to nothing")
    swept = storage.add_subparsers(dest="verb", required=True).add_parser("sweep", parents=[shared])
    swept.add_argument("--grace-seconds", type=int, default=24 * LEAST_GRACE_SECONDS)
    swept.add_argument("--dry-run", action="store_true", help="only count them")


def copy(asked: argparse.Namespace) -> tuple[Any, str]:
    """Carry out one of the commands that have to do with backups."""
    folder = _folder(asked)
    try:
        match asked.noun:
            case "backup":
                ring = EmbeddedRing(folder)  # which refuses a backend that does not run
                # Nobody changes its keys meanwhile.
                with ring.held(), noted_at(owner_address(folder), "backup") as details:
                    manifest = make_backup(folder, asked.file, _passphrase(asked))
                    details |= manifest.summary()
                return _told(manifest, f"Wrote {asked.file}")
            case "verify":
                return _told(verify(asked.file, _passphrase(asked)), "Whole")
            case "restore":
                return _told(restore(folder, asked.file, _passphrase(asked)), "Restored")
            case "keep-restored":
                keep_new(folder)
                return {"kept": "new"}, "The old data was removed."
            case _:
                was_there = take_back_old(folder)
                return {"kept": "old" if was_there else None}, "The old data is back."
    except (AlreadyRunning, PostgresFailed) as problem:
        raise AdminProblem(str(problem)) from problem


def sweep_storage(asked: argparse.Namespace) -> tuple[Any, str]:
    """Count or remove files that no row names."""
    folder = _folder(asked)
    swept = asyncio.run(_sweep(folder, asked.grace_seconds, is_wanted=not asked.dry_run))
    deed = "There are" if asked.dry_run else "Removed"
    return asdict(swept), f"{deed} {swept.loose} files, {swept.unfinished} unfinished uploads."


async def _sweep(folder: Path, grace_seconds: float, *, is_wanted: bool) -> Swept:
    objects = ObjectFolder(folder / "objects")
    database = Database(EmbeddedRing(folder).database_url, max_size=1)
    await database.open()
    try:
        if not is_wanted:
            return await sweep(database, objects, grace_seconds=grace_seconds, is_wanted=False)
        async with noted(database, "storage sweep") as details:
            swept = await sweep(database, objects, grace_seconds=grace_seconds, is_wanted=True)
            details |= asdict(swept)
        return swept
    finally:
        await database.close()


def _folder(asked: argparse.Namespace) -> Path:
    if asked.folder is None and asked.noun != "verify":
        raise AdminProblem("A hosted project has backups of its own. See docs/backup.md.")
    folder: Path = (asked.folder or Path()).resolve()
    return folder


def _passphrase(asked: argparse.Namespace) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if asked.passphrase_stdin else None


def _told(manifest: Manifest, deed: str) -> tuple[Any, str]:
    told = manifest.summary()
    text = f"{deed}: {told['rows']} rows, {told['objects']} objects, {told['bytes']} bytes."
    return told, text
