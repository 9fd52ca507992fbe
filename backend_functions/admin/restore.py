"""`restore`: puts a backup in the place of an embedded backend's data, all of it or nothing.

The backup is read to its end and compared first. Then everything is made anew beside the old: a
new cluster, filled and counted, the objects, the keys. Only then they are swapped, by a journal
(`embedded/swapping`), so a kill at any moment leaves the old data or the new. The old is kept aside
until whoever asked for it has seen the new backend run.
"""

import hmac
import os
import tarfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg

from backend_functions.admin.archive import DAMAGED, Manifest, read_archive
from backend_functions.admin.backup import LEDGERS, count_rows
from backend_functions.admin.noting import note_at
from backend_functions.admin.passphrase import open_with
from backend_functions.admin.pg_programs import PgPrograms
from backend_functions.admin.problem import AdminProblem
from backend_functions.db.migrate import read_migrations, sql_folder
from backend_functions.embedded.account import choose_account
from backend_functions.embedded.files import make_private_folder
from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.ports import free_port
from backend_functions.embedded.postgres import SUPERUSER, Postgres
from backend_functions.embedded.status import hold_lock
from backend_functions.embedded.swapping import (
    UNPACKED,
    Swap,
    begin_swap,
    finish_swap,
    remove,
    remove_aside,
    remove_unfinished,
    swaps_of,
)

_MOST_KEY_BYTES = 1 << 20


def verify(source: Path, passphrase: str | None) -> Manifest:
    """Read a backup to its end and make sure that this version can restore it.

    Args:
        passphrase: If it is given, the keys must be sealed and the whole signed with it.

    Raises:
        AdminProblem: It cannot be restored; the message says why.
        OSError: The file cannot be read.
    """
    manifest = read_archive(source)
    _refuse_unfit(manifest)
    if passphrase is not None:
        _open_keys(manifest, passphrase, _sealed_keys(source))
    return manifest


def restore(folder: Path, source: Path, passphrase: str | None) -> Manifest:
    """Put a backup in the place of the data of a backend that does not run.

    Raises:
        AdminProblem: The backup cannot be restored; nothing was changed.
        AlreadyRunning: The backend runs.
        PostgresFailed: The new database cannot be made; nothing was changed.
        OSError: A file cannot be read or written; nothing was changed.
    """
    make_private_folder(folder)
    lock = hold_lock(folder)
    try:
        finish_swap(folder)
        swaps = _swaps(folder)
        work = folder / UNPACKED
        with ExitStack() as undo:
            remove_unfinished(folder, swaps[0].place)
            undo.callback(remove_unfinished, folder, swaps[0].place)
            manifest = read_archive(source, work)
            _refuse_unfit(manifest)
            _stage(folder, work, manifest, passphrase)
            remove(work)
            begin_swap(folder, swaps)
            undo.pop_all()
        finish_swap(folder)
    finally:
        os.close(lock)
    return manifest


def keep_new(folder: Path) -> None:
    """Remove the old data, which a restore has put aside."""
    remove_aside(folder, choose_account(folder).cluster)


def take_back_old(folder: Path) -> bool:
    """Put the old data back in its place; False where none was put aside.

    Raises:
        AlreadyRunning: The backend runs.
    """
    lock = hold_lock(folder)
    try:
        finish_swap(folder)
        backwards = [swap.undone() for swap in _swaps(folder) if os.path.lexists(swap.aside)]
        begin_swap(folder, backwards)
        finish_swap(folder)
        for swap in backwards:
            remove(swap.aside)
    finally:
        os.close(lock)
    return bool(backwards)


def _swaps(folder: Path) -> list[Swap]:
    return swaps_of(folder, choose_account(folder).cluster)


def _stage(folder: Path, work: Path, manifest: Manifest, passphrase: str | None) -> None:
    """Make all that is to take the old data's place, beside it."""
    cluster, objects, mail, keys = (swap.staged for swap in _swaps(folder))
    _stage_keys(work, keys, manifest, passphrase)
    (work / "mail").mkdir(exist_ok=True)
    (work / "mail").rename(mail)
    (work / "objects").mkdir(exist_ok=True)
    _shard(work / "objects", objects)
    _stage_cluster(folder, cluster, work, manifest, keys)


def _stage_keys(work: Path, target: Path, manifest: Manifest, passphrase: str | None) -> None:
    sealed = work / "keys.sealed"
    if passphrase is None:
        if sealed.exists():
            raise AdminProblem("The keys of this backup are sealed. Give its passphrase.")
        (work / "keys.json").rename(target)
    else:
        text = sealed.read_bytes() if sealed.exists() else None
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_open_keys(manifest, passphrase, text))
            file.flush()
            os.fsync(file.fileno())
    load(target)


def _open_keys(manifest: Manifest, passphrase: str, sealed: bytes | None) -> str:
    """Return the keys of a backup that whoever knows the passphrase has made."""
    if sealed is None:
        raise AdminProblem(
            "The keys of this backup are not sealed, so nobody can tell who made it."
            " Leave the passphrase out if you know."
        )
    opened = open_with(passphrase, sealed)
    signature = (manifest.signature or "").encode()
    if not hmac.compare_digest(signature, manifest.signed(opened.signing_key).encode()):
        raise AdminProblem("Somebody changed this backup who did not know its passphrase.")
    return opened.text


def _shard(flat: Path, target: Path) -> None:
    """Move files to the folders in which objects lie, see `gateway/storage/disk`."""
    target.mkdir(mode=0o700)
    for path in flat.iterdir():
        shard = target / path.name[:2]
        shard.mkdir(mode=0o700, exist_ok=True)
        path.rename(shard / path.name)


def _stage_cluster(
    folder: Path, cluster: Path, work: Path, manifest: Manifest, keys_file: Path
) -> None:
    keys, port = load(keys_file), free_port()
    account = replace(choose_account(folder), cluster=cluster)
    postgres = Postgres(account, log=folder / "postgres.log", password=keys.admin_password)
    postgres.create()
    postgres.start(port)
    try:
        programs = PgPrograms(port, keys.admin_password)
        programs.run_script(work / "roles.sql")
        programs.restore(work / "database.dump")
        address = database_url(SUPERUSER, keys.admin_password, port)
        with psycopg.connect(address) as connection:
            restored = count_rows(connection)
        if restored != manifest.rows:
            raise AdminProblem("The restored database is not that of the backup. Nothing changed.")
        note_at(address, "restore", {"made_at": manifest.made_at}, state="begun")
    finally:
        postgres.stop()


def _refuse_unfit(manifest: Manifest) -> None:
    """Refuse a backup that this version cannot restore, whole as it may be."""
    _refuse_newer(manifest)
    keys = "keys.sealed" if manifest.are_keys_sealed else "keys.json"
    for name in ("database.dump", "roles.sql", keys):
        if name not in manifest.members:
            raise AdminProblem(DAMAGED.format(f"{name} is missing"))
    if manifest.members[keys]["size"] > _MOST_KEY_BYTES:
        raise AdminProblem(DAMAGED.format("its keys are too long to be keys"))


def _refuse_newer(manifest: Manifest) -> None:
    folders = (sql_folder() / "platform", sql_folder() / "supabase" / "migrations")
    known = {
        f"{ledger}.{migration.version}"
        for ledger, folder in zip(LEDGERS, folders, strict=True)
        for migration in read_migrations(folder)
    }
    if not known.issuperset(manifest.migrations):
        raise AdminProblem(
            f"A newer version made this backup ({manifest.pocketllm}). Install that one first."
        )


def _sealed_keys(source: Path) -> bytes | None:
    with tarfile.open(source, "r:gz") as archive:
        try:
            member = archive.extractfile("keys.sealed")
        except KeyError:
            return None
        assert member is not None, "it was read as a file before"
        return member.read()
