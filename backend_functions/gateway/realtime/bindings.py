"""What a channel asks to be told of: kinds of changes of tables. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

import orjson

from backend_functions.gateway.realtime.filters import (
    BadFilter,
    BoundFilter,
    Filter,
    bind_filter,
    parse_filters,
)
from backend_functions.gateway.realtime.pgoutput import Change
from backend_functions.gateway.realtime.tables import PublishedTable

Event = Literal["*", "INSERT", "UPDATE", "DELETE"]
_EVENTS: dict[str, Event] = {"INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE"}


class BadBinding(ValueError):
    """A subscription that cannot be followed; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One kind of change. `asked` goes back to the client as it came; `id` is never 0."""

    id: int
    event: Event
    schema: str
    table: str
    filters: tuple[Filter, ...]
    select: tuple[str, ...] | None
    asked: Mapping[str, Any]

    def concerns(self, change: Change) -> bool:
        """Tell whether a change is of this kind and table, whatever is in the row."""
        relation = change.relation
        return (
            self.event in ("*", change.kind)
            and self.schema in ("*", relation.schema)
            and self.table in ("*", relation.name)
        )

    def admits(self, change: Change, bound: Iterable[BoundFilter]) -> bool:
        """Tell whether the row fulfils the filters; of a deleted row, what is known of it."""
        return all(
            condition.admits(change.old if change.kind == "DELETE" else change.new)
            for condition in bound
        )

    def bind(self, types: Mapping[str, str]) -> tuple[BoundFilter, ...]:
        """Return the filters with their values read as the types of these columns.

        Raises:
            BadFilter: One cannot be.
        """
        return tuple(bind_filter(condition, types) for condition in self.filters)


def number_binding(asked: Mapping[str, Any]) -> int:
    """Return the id of a binding: the same for the same question, and never 0, which clients take
    for none."""
    text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return 1 + crc32(text) % (2**27 - 1)


def parse_binding(asked: Mapping[str, Any]) -> Binding:
    """Return what one entry of `postgres_changes` asks for.

    Raises:
        BadBinding: Nothing that can be followed.
    """
    schema, table = asked.get("schema", "public"), asked.get("table", "*")
    if (
        not isinstance(schema, str)
        or not isinstance(table, str)
        or not {"schema", "table"} & {*asked}
    ):
        raise BadBinding(
            "No subscription params provided. Please provide at least a `schema` or `table` to"
            " subscribe to"
        )
    text = asked.get("filter") or ""
    if not isinstance(text, str):
        raise BadBinding("Error parsing `filter` params: not a string")
    try:
        filters = parse_filters(text)
    except BadFilter as error:
        raise BadBinding(str(error)) from error
    select = _parse_select(asked.get("select"))
    if select is not None and "*" in (schema, table):
        raise BadBinding(
            "Column selection is not supported for wildcard subscriptions. Provide an explicit"
            " schema and table name."
        )
    event = _EVENTS.get(str(asked.get("event")).upper(), "*")
    return Binding(number_binding(asked), event, schema, table, filters, select, dict(asked))


def _parse_select(asked: object) -> tuple[str, ...] | None:
    if asked is None:
        return None
    if not isinstance(asked, list):
        raise BadBinding(
            "Error parsing `select` params: expected a list of column name strings, e.g. select:"
            ' ["col1", "col2"]'
        )
    return tuple(name for name in asked if isinstance(name, str)) or None


def check_binding(binding: Binding, tables: Iterable[PublishedTable], role: str) -> None:
    """Refuse what could never be told.

    Raises:
        BadBinding: No table of that name is published, or a filter or selection does not fit.
    """
    found = [
        table
        for table in tables
        if binding.schema in ("*", table.schema) and binding.table in ("*", table.name)
    ]
    if not found:
        raise BadBinding(_refusal(binding, ""))
    for table in found:
        types = table.types(role)
        try:
            binding.bind(types)
        except BadFilter as error:
            raise BadBinding(_refusal(binding, str(error))) from error
        if unknown := set(binding.select or ()) - set(types):
            raise BadBinding(_refusal(binding, f"invalid column for select {min(unknown)}"))


def _refusal(binding: Binding, reason: str) -> str:
    asked = (
        f"[event: {binding.event}, schema: {binding.schema}, table: {binding.table},"
        f" filters: {binding.asked.get('filter') or '[]'}]"
    )
    if reason:
        return f"Unable to subscribe to changes with given parameters. {reason}, {asked}"
    return (
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"
        f" for the given connect parameters: {asked}"
    )
