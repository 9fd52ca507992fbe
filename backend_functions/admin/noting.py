"""Notes what an operator did with these programs, where `pocketllm admin audit` finds it."""

import getpass
import json
import platform
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal

import psycopg

from backend_functions.admin.problem import AdminProblem
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries

_SQL = queries("operations")

State = Literal["begun", "done", "failed"]

_FAILURES = (AdminProblem, OSError)
"""What a deed ends with that did not succeed; after any other end it has no last entry."""


def note_at(address: str, deed: str, details: Mapping[str, Any], *, state: State = "done") -> None:
    """Add an entry, with a login that owns the database.

    One that lacks the migrations which keep entries gets none.

    Raises:
        psycopg.Error: It could not be added.
    """
    with psycopg.connect(address) as connection, suppress(psycopg.errors.UndefinedFunction):
        connection.execute(_SQL.note_deed, _values(deed, state, details))


@contextmanager
def noted_at(
    address: str, deed: str, asked: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Do the same as `noted`, with a login that owns the database.

    Args:
        asked: What the first entry tells.
    """
    details: dict[str, Any] = {}
    note_at(address, deed, asked or {}, state="begun")
    try:
        yield details
    except _FAILURES:
        note_at(address, deed, details, state="failed")
        raise
    note_at(address, deed, details)


@asynccontextmanager
async def noted(database: Database, deed: str) -> AsyncIterator[dict[str, Any]]:
    """Note that something is begun, and how it ended; without the first it is not begun.

    Yields:
        What the last entry tells, to be filled in the block.

    Raises:
        AdminProblem: The database is not of this version.
    """
    details: dict[str, Any] = {}
    try:
        await _note(database, deed, "begun", {})
    except psycopg.errors.UndefinedFunction as error:
        raise AdminProblem("The database lacks migrations: pocketllm admin migrate") from error
    try:
        yield details
    except _FAILURES:
        await _note(database, deed, "failed", details)
        raise
    await _note(database, deed, "done", details)


async def _note(database: Database, deed: str, state: State, details: Mapping[str, Any]) -> None:
    async with database.as_service() as connection:
        await connection.execute(_SQL.note_deed, _values(deed, state, details))


def _values(deed: str, state: State, details: Mapping[str, Any]) -> dict[str, str]:
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        login = "somebody"
    return {
        "deed": deed,
        "operator": f"{login}@{platform.node() or 'somewhere'}",
        "details": json.dumps({"state": state, **details}),
    }
