"""Everything of one user in one file: what the database has of them, and their files."""

import json
import os
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.api.tables import Row, Table
from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.models import User
from pocketllm_cli.private_files import create_private
from pocketllm_cli.upkeep.batches import Tell

_PAGE: Final = 500
_SECRET: Final = ("api_key_encrypted",)
_TABLES: Final[Mapping[str, str]] = {
    "profiles": "id",
    "model_configs": "user_id",
    "chats": "user_id",
    "messages": "user_id",
    "jobs": "user_id",
}
"""Every table of users that the service may read, and the column that says whose a row is."""
_DELETED: Final = "deleted_chats"


async def export_user(operator: Operator, user: User, target: Path, tell: Tell) -> dict[str, int]:
    """Write a ZIP file, 0600, that is there wholly or not at all; return what is in it.

    It holds `user.json`, one `<table>.jsonl` for each table, the chats that can be restored in
    `deleted_chats.jsonl`, and the files under `files/`. Sealed
    provider keys and passwords are never in it.

    Raises:
        LocalFileProblem: There is such a file, or it cannot be written.
    """
    draft = target.with_name(f".{target.name}.part")
    async with operator.audited("users export", user.id) as outcome:
        try:
            draft.unlink(missing_ok=True)
            with (
                os.fdopen(create_private(draft), "wb") as file,
                zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                archive.writestr("user.json", json.dumps(asdict(user), indent=2))
                for table, column in _TABLES.items():
                    rows = _rows(operator, table, column, user.id)
                    outcome.count(table, await _write_rows(archive, table, rows))
                    tell(outcome)
                deleted = _deleted_chats(operator, user.id)
                outcome.count("deleted chats", await _write_rows(archive, _DELETED, deleted))
                async for name in _files(operator, user.id):
                    await _write_file(operator, archive, name)
                    outcome.count("files", 1)
                    tell(outcome)
            draft.replace(target)
        except OSError as error:
            raise LocalFileProblem(f"Could not write {target}: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
    return outcome.done


async def _rows(operator: Operator, table: str, column: str, user_id: str) -> AsyncIterator[Row]:
    after: list[tuple[str, str]] = []
    while True:
        filters = [(column, f"eq.{user_id}"), *after]
        rows = await Table(operator.wire, table, "*").select(filters, order="id.asc", limit=_PAGE)
        for row in rows:
            yield {name: value for name, value in row.items() if name not in _SECRET}
        if len(rows) < _PAGE:
            return
        after = [("id", f"gt.{rows[-1]['id']}")]


async def _deleted_chats(operator: Operator, user_id: str) -> AsyncIterator[Row]:
    after: str | None = None
    while rows := await operator.call("admin_deleted_chats", user_id=user_id, after=after):
        for row in rows:
            yield row
        after = rows[-1]["id"]


async def _write_rows(archive: zipfile.ZipFile, table: str, rows: AsyncIterator[Row]) -> int:
    count = 0
    with archive.open(f"{table}.jsonl", "w", force_zip64=True) as file:
        async for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


async def _files(operator: Operator, user_id: str) -> AsyncIterator[str]:
    kinds = await operator.files.all("private")
    for kind in kinds:
        for file in await operator.files.below(f"{kind.path}/{user_id}/"):
            yield file.path
    for file in await operator.files.below(f"public/avatars/{user_id}."):
        yield file.path


async def _write_file(operator: Operator, archive: zipfile.ZipFile, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="pocketllm-") as folder:
        fetched = Path(folder) / "file"
        await operator.files.download(name, fetched)
        archive.write(fetched, f"files/{name}")
