"""Files are private, whole, and where they belong, whatever a crash left behind."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from backend_functions.db.pool import Database
from backend_functions.gateway.storage.bodies import Upload, keep_pace
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.errors import StorageError
from backend_functions.gateway.storage.store import Place, StoredObjects
from backend_functions.gateway.storage.sweep import (
    OpenBucket,
    check_bucket_is_private,
    remove_orphans,
)
from backend_functions.gateway.storage.writing import Writer, upload_object
from backend_functions.types import SERVICE
from tests.conftest import Cluster


@pytest.fixture
def folder(tmp_path: Path) -> ObjectFolder:
    made = ObjectFolder(tmp_path / "objects")
    made.prepare()
    return made


def _keep(folder: ObjectFolder, content: bytes = b"x") -> str:
    draft = folder.new_draft(uuid4())
    draft.write(content)
    draft.finish()
    folder.keep(draft)
    draft.discard()
    return draft.version


def _files(root: Path) -> set[str]:
    return {path.name for path in root.rglob("*") if path.is_file()}


def test_only_their_owner_may_read_files_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = ObjectFolder(tmp_path / "objects")
        folder.prepare()
        folder.copy(_keep(folder), uuid4())
    finally:
        os.umask(before)

    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in [tmp_path / "objects", *(tmp_path / "objects").rglob("*")]
    }
    assert modes == {(True, 0o700), (False, 0o600)}


def test_a_folder_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir(mode=0o755)

    ObjectFolder(tmp_path / "objects").prepare()

    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "version", ["", "..", "../keys.json", "a/b", "{uuid}", "incoming", "\0", "urn:uuid:{uuid}"]
)
def test_a_version_that_is_none_of_ours_is_no_path(folder: ObjectFolder, version: str) -> None:
    _keep(folder)

    with pytest.raises(FileNotFoundError):
        folder.open(version.format(uuid=str(uuid4()).upper()))
    folder.remove(version)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_somebody_planted_is_not_followed(
    folder: ObjectFolder, tmp_path: Path, what: str
) -> None:
    version = str(uuid4())
    secret = tmp_path / "outside" / version
    secret.parent.mkdir()
    secret.write_text("secret")
    shard = tmp_path / "objects" / version[:2]
    if what == "folder":
        shard.symlink_to(secret.parent)
    else:
        shard.mkdir()
        (shard / version).symlink_to(secret)

    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        folder.open(version)


def test_a_copy_outlives_what_it_was_made_of(folder: ObjectFolder) -> None:
    first, second = _keep(folder, b"content"), uuid4()

    folder.copy(first, second)
    folder.remove(first)

    with folder.open(str(second)) as file:
        assert file.read() == b"content"


def test_what_was_being_written_is_gone_after_a_start(folder: ObjectFolder, tmp_path: Path) -> None:
    draft = folder.new_draft(uuid4())
    draft.write(b"half")

    folder.prepare()

    assert _files(tmp_path) == set()
    draft.discard()


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _put(store: StoredObjects, name: str, content: bytes = b"x") -> UUID:
    upload = Upload("text/plain", "no-cache", {}, _pieces(content))
    writer = Writer(SERVICE, Place("user_assets", name), upsert=True)
    return await upload_object(store, writer, upload)


async def test_a_start_removes_the_files_that_no_object_has_and_no_others(
    db: Database, folder: ObjectFolder, tmp_path: Path
) -> None:
    store = StoredObjects(db, folder, max_bytes=1000)
    await _put(store, "a")
    await _put(store, "b")
    await _put(store, "b", b"again")
    kept = _files(tmp_path)
    orphan = _keep(folder)

    assert len(kept) == 2
    assert orphan in _files(tmp_path)
    assert await remove_orphans(db, folder) == 1
    assert await remove_orphans(db, folder) == 0
    assert _files(tmp_path) == kept


async def test_a_row_that_is_refused_at_the_last_moment_leaves_no_file(
    db: Database,
    owner_connection: AsyncConnection[tuple[object, ...]],
    folder: ObjectFolder,
    tmp_path: Path,
) -> None:
    """As when the right is taken away while the bytes arrive: the first question is answered yes,
    the one that counts no."""
    await owner_connection.execute(
        "create function public.refuse() returns trigger language plpgsql as"
        " $$ begin raise insufficient_privilege; end $$"
    )
    await owner_connection.execute(
        "create constraint trigger late after insert on storage.objects"
        " deferrable initially deferred for each row execute function public.refuse()"
    )

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await _put(StoredObjects(db, folder, max_bytes=1000), "a")

    assert _files(tmp_path) == set()


async def test_an_upload_that_stands_still_is_given_up(
    db: Database, folder: ObjectFolder, tmp_path: Path
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    store = StoredObjects(db, folder, max_bytes=1000)
    writer = Writer(SERVICE, Place("user_assets", "a"), upsert=False)
    paced = keep_pace(pieces(), 0.05)

    with pytest.raises(StorageError, match="took too long"):
        await upload_object(store, writer, Upload("text/plain", "no-cache", {}, paced))

    assert _files(tmp_path) == set()


_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from backend_functions.db.pool import Database
from backend_functions.gateway.storage import store, writing
from backend_functions.gateway.storage.disk import ObjectFolder
from tests.backend_functions.gateway.storage.test_disk import _put

class Dying(ObjectFolder):
    def keep(self, draft):
        if moment == "before the file":
            os.kill(os.getpid(), signal.SIGKILL)
        super().keep(draft)
        if moment == "before the row":
            os.kill(os.getpid(), signal.SIGKILL)

    def remove(self, version):
        os.kill(os.getpid(), signal.SIGKILL)

url, folder, moment = sys.argv[1:]

async def main():
    database = Database(url, max_size=2)
    await database.open()
    await _put(store.StoredObjects(database, Dying(Path(folder)), max_bytes=10), "a", b"new")

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("moment", "content", "files_left"),
    [
        ("before the file", b"old", 2),
        ("before the row", b"old", 2),
        ("before the old file goes", b"new", 2),
    ],
)
async def test_a_server_killed_anywhere_leaves_the_old_or_the_new(
    db: Database,
    cluster: Cluster,
    database_name: str,
    folder: ObjectFolder,
    tmp_path: Path,
    moment: str,
    content: bytes,
    files_left: int,
) -> None:
    store = StoredObjects(db, folder, max_bytes=10)
    await _put(store, "a", b"old")
    url = cluster.url(database_name)

    command = [sys.executable, "-c", _DIE, url, str(tmp_path / "objects"), moment]
    done = await asyncio.create_subprocess_exec(*command)

    assert await done.wait() == -signal.SIGKILL
    assert len(_files(tmp_path)) == files_left
    _, file = await store.open(SERVICE, Place("user_assets", "a"))
    with file:
        assert file.read() == content
    await remove_orphans(db, folder)
    assert len(_files(tmp_path)) == 1


async def test_a_bucket_that_was_made_public_is_not_served(
    db: Database, owner_connection: AsyncConnection[tuple[object, ...]]
) -> None:
    await check_bucket_is_private(db)
    await owner_connection.execute("update storage.buckets set public = true")

    with pytest.raises(OpenBucket, match="opens private files to everybody"):
        await check_bucket_is_private(db)


async def test_rows_are_not_deleted_past_the_service(
    owner_connection: AsyncConnection[tuple[object, ...]],
) -> None:
    for table in ("objects", "buckets"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Use the Storage API"):
            await owner_connection.execute(f"delete from storage.{table}".encode())  # noqa: S608
