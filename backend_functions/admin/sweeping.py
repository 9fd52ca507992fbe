"""`storage sweep`: files on an embedded backend's disk that no row names, while it runs.

A file is there before its row, so only what is older than a grace is looked at: it cannot be an
upload that still goes on.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.gateway.storage.disk import ObjectFolder

_SQL = queries("storage")
_BATCH = 1000
LEAST_GRACE_SECONDS = 3600
"""An upload may take this long."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files there were, or are, that belong to nothing."""

    loose: int
    """Whole files that no object names."""
    unfinished: int
    """Uploads that were begun and ended by nobody."""


async def sweep(
    database: Database, folder: ObjectFolder, *, grace_seconds: float, is_wanted: bool
) -> Swept:
    """Count these files, and remove them if that is wanted."""
    before = time.time() - max(grace_seconds, LEAST_GRACE_SECONDS)
    loose, paths = 0, iter(_older(folder.paths(), before))
    while batch := {path.name: path for path in islice(paths, _BATCH)}:
        async with database.as_service() as connection:
            cursor = await connection.execute(_SQL.known_versions, {"versions": list(batch)})
            known = {row["version"] for row in await cursor.fetchall()}
        loose += len(batch.keys() - known)
        for version in batch.keys() - known:
            if is_wanted:
                batch[version].unlink(missing_ok=True)
    unfinished = list(_older(folder.unfinished(), before))
    for path in unfinished:
        if is_wanted:
            path.unlink(missing_ok=True)
    return Swept(loose, len(unfinished))


def _older(paths: Iterable[Path], before: float) -> Iterator[Path]:
    for path in paths:
        try:
            if path.stat().st_mtime < before:
                yield path
        except FileNotFoundError:
            continue
