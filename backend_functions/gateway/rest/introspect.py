"""Reads the catalogue out of PostgreSQL and keeps it until a request meets an unknown name."""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar, cast

from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.gateway.rest.catalogue import (
    Argument,
    Catalogue,
    Column,
    ForeignKey,
    Function,
    Relation,
    TypeName,
)
from backend_functions.gateway.rest.errors import UnknownName
from backend_functions.gateway.rest.views import (
    Place,
    Shown,
    StoredKey,
    View,
    keys_with_views,
    primary_key_of,
    shown_columns,
)
from backend_functions.types import ANONYMOUS

_SQL = queries("rest")
_REFRESH_SECONDS = 1.0
_MOST_KEPT = 512

Result = TypeVar("Result")
Row = Mapping[str, Any]


class CatalogueCache:
    """The catalogue of one database; read again at most once a second."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._catalogue: Catalogue | None = None
        self._read_at = float("-inf")
        self._made: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = asyncio.Lock()

    async def build_once(self, key: Hashable, make: Callable[[Catalogue], Result]) -> Result:
        """Return what `build` returned for an equal key lately, as long as the catalogue stands.

        Args:
            key: Says all that `make` depends on beside the catalogue; None keeps nothing.
            make: As for `build`.

        Raises:
            As `build`.
        """
        if key is None:
            return await self.build(make)
        made = self._made.get(key)
        if made is None:
            made = await self.build(make)
            self._made[key] = made
            if len(self._made) > _MOST_KEPT:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return cast("Result", made)

    async def build(self, make: Callable[[Catalogue], Result]) -> Result:
        """Return what `make` makes of the catalogue; a fresher one if it misses a name.

        Raises:
            UnknownName: The name is not in a fresh catalogue either.
        """
        catalogue = self._catalogue or await self._read(not_after=float("-inf"))
        seen_at = self._read_at
        try:
            return make(catalogue)
        except UnknownName:
            if self._clock() - seen_at < _REFRESH_SECONDS:
                raise
        return make(await self._read(not_after=seen_at))

    def forget(self) -> None:
        """Read the catalogue again before the next request: the database contradicted it."""
        if self._clock() - self._read_at >= _REFRESH_SECONDS:
            self._catalogue = None
            self._made.clear()

    async def _read(self, *, not_after: float) -> Catalogue:
        async with self._lock:  # of many that miss a name at once, one reads
            if self._catalogue is None or self._read_at <= not_after:
                read_at = self._clock()
                async with self._database.act_as(ANONYMOUS, read_only=True) as connection:
                    self._catalogue = await read_catalogue(connection)
                self._read_at = read_at
                self._made.clear()
            return self._catalogue


async def read_catalogue(connection: Connection) -> Catalogue:
    """Return what the connection's database holds; empties the search path on the way."""
    await connection.execute(_SQL.empty_search_path)
    shown = shown_columns([_view(row) for row in await _rows(connection, _SQL.views)])
    stored = [_foreign_key(row) for row in await _rows(connection, _SQL.foreign_keys)]
    primary = [
        _places(row["oid"], row["numbers"]) for row in await _rows(connection, _SQL.primary_keys)
    ]
    relations = [_relation(row, primary, shown) for row in await _rows(connection, _SQL.relations)]
    functions = defaultdict[str, tuple[Function, ...]](tuple)
    for row in await _rows(connection, _SQL.functions):
        functions[row["name"]] += (_function(row),)
    types = {row["type_name"]: _type(row) for row in await _rows(connection, _SQL.types)}
    computed = _computed(chain.from_iterable(functions.values()))
    by_name = {each.name: replace(each, computed=computed[each.name]) for each in relations}
    named = {name: tuple(_typed(each, by_name) for each in functions[name]) for name in functions}
    return Catalogue(by_name, tuple(keys_with_views(stored, shown)), named, types)


def _computed(functions: Iterable[Function]) -> defaultdict[str, dict[str, Column]]:
    """Return what functions make of a row of each table."""
    found: defaultdict[str, dict[str, Column]] = defaultdict(dict)
    for each in functions:
        table = each.takes_row_of()
        if (
            table is not None
            and each.result is None
            and not (each.returns_set or each.returns_void)
        ):
            found[table][each.name] = Column(each.name, each.result_type)
    return found


def _typed(function: Function, relations: Mapping[str, Relation]) -> Function:
    """Return a function that returns rows of a table as one that returns that very table's."""
    if function.result is None or function.result_type.schema != "public":
        return function
    return replace(function, result=relations.get(function.result_type.name, function.result))


async def _rows(connection: Connection, statement: str) -> list[dict[str, Any]]:
    return await (await connection.execute(statement)).fetchall()


def _type(row: Row) -> TypeName:
    return TypeName(row["type_schema"], row["type_name"])


def _columns(rows: list[Row]) -> dict[str, Column]:
    return {row["name"]: Column(row["name"], _type(row), row.get("default_sql")) for row in rows}


def _view(row: Row) -> View:
    columns = {int(number): name for number, name in row["columns"].items()}
    return View(row["oid"], row["name"], columns, row["rule"])


def _relation(row: Row, primary: list[tuple[Place, ...]], shown: Shown) -> Relation:
    name, columns, is_view = row["name"], _columns(row["columns"]), row["is_view"]
    key = primary_key_of(name, primary, shown) if is_view else tuple(row["primary_key"])
    return Relation(name, columns, key, is_view=is_view)


def _foreign_key(row: Row) -> StoredKey:
    key = ForeignKey(
        row["name"],
        row["source"],
        tuple(row["source_columns"]),
        row["target"],
        tuple(row["target_columns"]),
        row["is_unique"],
    )
    return StoredKey(
        key,
        _places(row["source_oid"], row["source_numbers"]),
        _places(row["target_oid"], row["target_numbers"]),
        row["is_source_public"],
        row["is_target_public"],
    )


def _places(oid: int, numbers: Iterable[int]) -> tuple[Place, ...]:
    return tuple((oid, number) for number in numbers)


def _function(row: Row) -> Function:
    arguments = tuple(
        Argument(
            each["name"], _type(each), each["required"], each["shown_type"], each["takes_rest"]
        )
        for each in row["arguments"] or ()
    )
    columns = row["columns"]
    return Function(
        row["name"],
        arguments,
        row["is_volatile"],
        row["returns_set"],
        row["returns_void"],
        None if columns is None else Relation(row["name"], _columns(columns)),
        _type(row["result_type"]),
        row["returns_one"],
    )
