"""Jobs that are over, from one backend to another; what still runs stays where it runs."""

from collections.abc import AsyncIterator
from typing import Any, Final

from pocketllm_cli.api.tables import Row, Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.report import Report

_COLUMNS: Final = (
    "id", "job_type", "status", "input_data", "output_data", "error_log", "created_at", "updated_at"
)  # fmt: skip
_OVER: Final = ("completed", "failed")
_A_PAGE: Final = 100


async def move_jobs(
    source: Wire, target: Wire, places: Places, report: Report, *, is_dry: bool = False
) -> list[str]:
    """Bring jobs over and compare; return the ids at the source of those that are there now.

    Args:
        is_dry: Only count them; those that would be there then are returned.
    """
    moved: list[str] = []
    async for page in _pages(source):
        over = [row for row in page if row["status"] in _OVER]
        for row in page:
            if row["status"] not in _OVER:
                report.leave("job", row["id"], "it is not over")
        if not over:
            continue
        known = await _stored(target, [row["id"] for row in over])
        records = {row["id"]: _record(row, places) for row in over}
        if is_dry:
            moved += records
            report.jobs += len(records) - len(known)
            report.already_there += len(known)
            continue
        if new := [record for key, record in records.items() if key not in known]:
            await target.ask(Call("tables", "POST", "rpc/import_jobs", (), {"jobs": new}))
        stored = await _stored(target, list(records))
        for key, record in records.items():
            if stored.get(key) == record:
                moved.append(key)
                report.jobs += key not in known
                report.already_there += key in known
            else:
                reason = "it differs at the target" if key in stored else "its id is taken there"
                report.leave("job", key, reason)
    return moved


async def _pages(wire: Wire) -> AsyncIterator[list[Row]]:
    table = Table(wire, "jobs", ",".join(_COLUMNS))
    after: list[tuple[str, str]] = []
    while True:
        page = await table.select(after, order="id.asc", limit=_A_PAGE)
        yield page
        if len(page) < _A_PAGE:
            return
        after = [("id", f"gt.{page[-1]['id']}")]


async def _stored(wire: Wire, ids: list[str]) -> dict[str, Row]:
    rows = await Table(wire, "jobs", ",".join(_COLUMNS)).select([("id", f"in.({','.join(ids)})")])
    return {row["id"]: row for row in rows}


def _record(row: Row, places: Places) -> Row:
    return {**row, "input_data": _moved(row["input_data"], places),
            "output_data": _moved(row["output_data"], places)}  # fmt: skip


def _moved(value: Any, places: Places) -> Any:
    """Return a value in which every path of the person's files reads as at the target."""
    if isinstance(value, str):
        return places.path(value)
    if isinstance(value, dict):
        return {name: _moved(one, places) for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, places) for one in value]
    return value
