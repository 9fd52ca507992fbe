"""What a channel asks to be told of: kinds of changes of tables. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zlib import crc32

import orjson

from backend_functions.gateway.realtime.conditions import Condition
from backend_functions.gateway.realtime.filters import BadFilter, Filter, as_list, parse_filters
from backend_functions.gateway.realtime.pgoutput import Change
from backend_functions.gateway.realtime.tables import PublishedTable

Event = Literal["*", "INSERT", "UPDATE", "DELETE"]
_RAISED = "ERROR P0001 (raise_exception)"
_EVENTS: dict[str, Event] = {"INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE"}


class BadBinding(ValueError):
    """A subscription that cannot be followed; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One kind of change. `asked` goes back to the client as it came; `id` is never 0.

    Args:
        conditions: The filters as they were read for each table, by its oid. A table with filters
            that was published later is not among them, and not told of.
    """

    id: int
    event: Event
    schema: str
    table: str
    filters: tuple[Filter, ...]
    select: tuple[str, ...] | None
    asked: Mapping[str, Any]
    conditions: Mapping[int, tuple[Condition, ...]] = field(default_factory=dict)

    def concerns(self, change: Change) -> bool:
        """Tell whether a change is of this kind and table, whatever is in the row."""
        relation = change.relation
        return (
            self.event in ("*", change.kind)
            and self.schema in ("*", relation.schema)
            and self.table in ("*", relation.name)
        )

    def concerns_table(self, table: PublishedTable) -> bool:
        """Tell whether a table is meant, by its name or by `*`."""
        return self.schema in ("*", table.schema) and self.table in ("*", table.name)


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
        raise BadBinding(f"Error parsing `filter` params: {error}") from error
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


def check_columns(binding: Binding, table: PublishedTable, role: str) -> None:
    """Refuse columns that a role may not select.

    Raises:
        BadFilter: One of them.
    """
    known = {column.name for column in table.readable(role)}
    for condition in binding.filters:
        if condition.column not in known:
            raise BadFilter(f"{_RAISED} invalid column for filter {condition.column}")
    for name in binding.select or ():
        if name not in known:
            raise BadFilter(f"{_RAISED} invalid column for select {name}")


def describe_refusal(binding: Binding, reason: str | None = None) -> str:
    """Return why a subscription is refused, in the words of the real service."""
    filters = ", ".join(
        f"{{{as_list(one.column, one.operator, one.value)[1:-1]}, {str(one.is_negated).lower()}}}"
        for one in binding.filters
    )
    select = "nil" if binding.select is None else as_list(*binding.select)
    asked = (
        f"[event: {binding.event}, schema: {binding.schema}, table: {binding.table},"
        f" filters: [{filters}], select: {select}]"
    )
    if reason is not None:
        return (
            "Unable to subscribe to changes with given parameters. An exception happened so please"
            f" check your connect parameters: {asked}. Exception: {reason}"
        )
    return (
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"
        f" for the given connect parameters: {asked}"
    )
