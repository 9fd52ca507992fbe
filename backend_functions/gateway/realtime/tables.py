"""Published tables as the catalogue has them now, and who may select which of their columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries

_SQL = queries("realtime")


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Args:
        base: What its type is made of, if it is a domain; else the type itself.
        readers: The roles that may select it.
    """

    name: str
    type: str
    base: str
    readers: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table whose changes are published."""

    oid: int
    schema: str
    name: str
    key: tuple[str, ...]
    """The columns of its primary key; none if it has none."""
    is_secured: bool
    columns: tuple[Column, ...]

    def readable(self, role: str) -> tuple[Column, ...]:
        """Return the columns that a role may select, in order."""
        return tuple(column for column in self.columns if role in column.readers)

    def types(self, role: str) -> dict[str, str]:
        """Return the types of the columns that a role may select, by name."""
        return {column.name: column.type for column in self.readable(role)}

    def has_readable_key(self, role: str) -> bool:
        """Tell whether a role may select the whole primary key."""
        return set(self.key) <= {column.name for column in self.readable(role)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "PublishedTable":
        """Return the table in a row of `published_tables`."""
        columns = tuple(
            Column(c["name"], c["type"], c["base"], frozenset(c["readers"]))
            for c in row["columns"] or []
        )
        return cls(
            row["oid"], row["schema"], row["name"], tuple(row["key"]), row["is_secured"], columns
        )


async def read_tables(
    connection: Connection, oids: Sequence[int] | None = None
) -> list[PublishedTable]:
    """Return the published tables of these oids, or all of them."""
    cursor = await connection.execute(
        _SQL.published_tables, {"oids": None if oids is None else list(oids)}
    )
    return [PublishedTable.from_row(row) for row in await cursor.fetchall()]
