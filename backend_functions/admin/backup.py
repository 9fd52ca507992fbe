"""`backup`: one file of all that an embedded backend keeps, as it was at one moment, while it runs.

The database is dumped as one snapshot shows it. An object's file is there before its row and goes
after it, so every file that the snapshot names was there at some point between two looks at the
folder; files are linked aside at both, and what was made and removed in between has us look again.
"""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from backend_functions import __version__
from backend_functions.admin.archive import Manifest, new_archive
from backend_functions.admin.passphrase import seal_with
from backend_functions.admin.pg_programs import PgPrograms
from backend_functions.admin.problem import AdminProblem
from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from backend_functions.gateway.storage.disk import ObjectFolder

LEDGERS = ("platform_migrations", "supabase_migrations")
_ATTEMPTS = 5

Connection = psycopg.Connection[tuple[object, ...]]


def make_backup(folder: Path, target: Path, passphrase: str | None) -> Manifest:
    """Write the backup of a running backend; nothing of it is stopped or kept waiting.

    The caller holds the backend's keys, so no other one is being made.

    Args:
        passphrase: Seals the keys; without one they lie open in the file.

    Raises:
        AdminProblem: The backend does not run, or there is such a file.
        OSError: The file cannot be written.
    """
    _remove_leftovers(folder)
    keys = load(folder / "keys.json")
    port = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["postgres"]
    programs = PgPrograms(port, keys.admin_password)
    address = database_url(SUPERUSER, keys.admin_password, port)
    # Beside the objects, so that their files can be linked.
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as name,
        new_archive(target) as archive,
    ):
        work = Path(name)
        with psycopg.connect(address) as connection:
            versions, missing = _take_snapshot(connection, ObjectFolder(folder / "objects"), work)
            programs.dump(work / "database.dump", _exported(connection))
            manifest = _describe(connection, missing, keys_sealed=passphrase is not None)
        archive.add_file("database.dump", work / "database.dump")
        archive.add_text("roles.sql", programs.dump_roles())
        text = (folder / "keys.json").read_text(encoding="utf-8")
        signing_key = None
        if passphrase is None:
            archive.add_text("keys.json", text)
        else:
            sealed = seal_with(passphrase, text)
            archive.add_text("keys.sealed", sealed.text)
            signing_key = sealed.signing_key
        for version in versions:
            archive.add_file(f"objects/{version}", work / version)
        for mail in sorted((folder / "mail").glob("*.json")):
            with suppress(FileNotFoundError):  # the oldest makes room for a new one
                archive.add_text(f"mail/{mail.name}", mail.read_text(encoding="utf-8"))
        return archive.finish(manifest, signing_key)


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has that is not PostgreSQL's own, by `schema.name`."""
    tables = connection.execute(
        "select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace"
        " where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        " order by 1, 2"
    ).fetchall()
    counts = {}
    for schema, table in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(str(schema), str(table)))
        counts[f"{schema}.{table}"] = _first(connection, query)
    return counts


def applied(connection: Connection) -> list[str]:
    """Return the versions of all migrations that were applied, oldest first."""
    found: list[str] = []
    for ledger in LEDGERS:
        query = sql.SQL("select version from {}.schema_migrations").format(sql.Identifier(ledger))
        found += [f"{ledger}.{row[0]}" for row in connection.execute(query).fetchall()]
    return sorted(found)


def _remove_leftovers(folder: Path) -> None:
    """Remove what backups that were killed have left: dumps in which everything can be read."""
    for path in folder.glob(".backup-*"):
        shutil.rmtree(path, ignore_errors=True)


def _take_snapshot(
    connection: Connection, objects: ObjectFolder, work: Path
) -> tuple[list[str], list[str]]:
    """Begin the transaction whose snapshot is dumped, with every file it names at hand.

    Returns:
        The versions whose files are at hand, and those whose files are not on the disk: two
        snapshots name them, and what was made and removed meanwhile is named by one.
    """
    before: set[str] = set()
    for _ in range(_ATTEMPTS):
        _link_all(objects, work)
        connection.execute("set transaction isolation level repeatable read read only")
        rows = connection.execute("select version from storage.objects order by 1").fetchall()
        versions = [str(row[0]) for row in rows]
        _link_all(objects, work)
        missing = [version for version in versions if not (work / version).exists()]
        if before.issuperset(missing):
            return [version for version in versions if version not in missing], missing
        before = set(missing)
        connection.rollback()
    raise AdminProblem("Files come and go too fast for a backup. Try again when it is quieter.")


def _link_all(objects: ObjectFolder, work: Path) -> None:
    for path in objects.paths():
        target = work / path.name
        if target.exists():
            continue
        try:
            os.link(path, target, follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed meanwhile, so no snapshot from now on names it
        except OSError:  # a file system without links
            shutil.copyfile(path, target, follow_symlinks=False)


def _exported(connection: Connection) -> str:
    row = connection.execute("select pg_export_snapshot()").fetchone()
    assert row is not None
    return str(row[0])


def _describe(connection: Connection, missing: list[str], *, keys_sealed: bool) -> Manifest:
    return Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        pocketllm=__version__,
        postgres=connection.info.parameter_status("server_version") or "",
        migrations=applied(connection),
        rows=count_rows(connection),
        are_keys_sealed=keys_sealed,
        missing=missing,
    )


def _first(connection: Connection, query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]
