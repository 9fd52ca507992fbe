"""Rows of the backend's tables, over its REST surface; every row is judged there, as the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pocketllm_cli.api.wire import Call, Wire

Row = dict[str, Any]
Filters = Sequence[tuple[str, str]]
"""Pairs of column and condition, such as ("id", "eq.…"); a column may come twice."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Args:
        columns: What is read, so that columns added later change nothing.
    """

    wire: Wire
    name: str
    columns: str

    async def select(
        self, filters: Filters = (), *, order: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Return the rows that fulfil all filters, in the order given ("updated_at.desc")."""
        params = [("select", self.columns), *filters]
        if order:
            params.append(("order", order))
        if limit is not None:
            params.append(("limit", str(limit)))
        return _rows(await self.wire.ask(Call("tables", "GET", self.name, tuple(params))))

    async def insert(self, row: Mapping[str, Any]) -> Row:
        """Store a row and return it as stored."""
        return (await self._write("POST", (), row))[0]

    async def insert_silently(self, row: Mapping[str, Any]) -> None:
        """Store a row whose stored form nobody needs."""
        headers = {"Prefer": "return=minimal"}
        await self.wire.ask(Call("tables", "POST", self.name, (), row, headers))

    async def update(self, filters: Filters, changes: Mapping[str, Any]) -> list[Row]:
        """Change the rows that fulfil all filters and return them; none is not a failure."""
        return await self._write("PATCH", filters, changes)

    async def delete(self, filters: Filters) -> list[Row]:
        """Delete the rows that fulfil all filters and return what they were."""
        return await self._write("DELETE", filters, None)

    async def _write(
        self, method: str, filters: Filters, body: Mapping[str, Any] | None
    ) -> list[Row]:
        params = (("select", self.columns), *filters)
        headers = {"Prefer": "return=representation"}
        return _rows(await self.wire.ask(Call("tables", method, self.name, params, body, headers)))


def _rows(answer: Any) -> list[Row]:
    assert isinstance(answer, list)
    return answer
