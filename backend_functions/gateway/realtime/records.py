"""A change as a subscriber is told of it, in the shape of the real service. Pure.

Source: `realtime.apply_rls` of supabase/realtime, migration 20260709120000.
"""

from collections.abc import Sequence
from typing import Any

from backend_functions.gateway.realtime.pgoutput import Change, Row
from backend_functions.gateway.realtime.tables import Column, PublishedTable
from backend_functions.gateway.realtime.values import to_json

_SMALL_BYTES = 64


def render_change(
    change: Change,
    table: PublishedTable,
    *,
    role: str,
    select: tuple[str, ...] | None = None,
    max_bytes: int,
) -> dict[str, Any]:
    """Return the data of a change as a role may know it.

    Columns that the role may not select are absent. Of a deleted row of a table with row level
    security nothing is told but its key, of a row that is too large nothing but what is small.
    """
    columns = [
        column
        for column in table.readable(role)
        if select is None or column.name in select or column.name in table.key
    ]
    is_too_large = _size(change.new) + _size(change.old) > max_bytes
    data: dict[str, Any] = {
        "schema": table.schema,
        "table": table.name,
        "type": change.kind,
        "commit_timestamp": f"{change.committed_at:%Y-%m-%dT%H:%M:%S.}"
        f"{change.committed_at.microsecond // 1000:03d}Z",
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "errors": ["Error 413: Payload Too Large"] if is_too_large else None,
    }
    if change.kind != "DELETE":
        # An update that leaves a large value alone does not send it; the old row may have it.
        data["record"] = _record({**change.old, **change.new}, columns, is_too_large)
    if change.kind == "UPDATE":
        data["old_record"] = _record(change.old or _key(change.new, table), columns, is_too_large)
    if change.kind == "DELETE":
        told = [c for c in columns if not table.is_secured or c.name in table.key]
        data["old_record"] = _record(change.old, told, is_too_large)
    return data


def render_refusal(change: Change, error: str) -> dict[str, Any]:
    """Return what is told of a change that cannot be told."""
    relation = change.relation
    return {
        "schema": relation.schema,
        "table": relation.name,
        "type": change.kind,
        "commit_timestamp": f"{change.committed_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "columns": [],
        "errors": [error],
    }


def _key(row: Row, table: PublishedTable) -> Row:
    return {name: row[name] for name in table.key if name in row}


def _size(row: Row) -> int:
    return sum(len(value.encode()) for value in row.values() if value is not None)


def _record(row: Row, columns: Sequence[Column], only_small: bool) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for column in columns:
        if column.name not in row:
            continue
        value = row[column.name]
        if only_small and value is not None and len(value.encode()) > _SMALL_BYTES:
            continue
        told[column.name] = to_json(value, column.base)
    return told
