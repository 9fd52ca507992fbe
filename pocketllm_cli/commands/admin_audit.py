"""`pocketllm admin audit`: what operators did."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

import typer

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.app import app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.operating import run_as_operator
from pocketllm_cli.commands.tree import single, verb

app = single()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that an operator began or ended."""

    id: int
    done_at: str
    operator: str
    login: str
    deed: str
    subject_digest: str | None
    details: dict[str, Any]

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """Build it from a row of the function `admin_entries`."""
        return cls(**row)


@verb(app, "audit", "pocketllm admin audit", "pocketllm admin audit --user USER-ID --json")
def audit(
    ctx: typer.Context,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="USER", help="Only about this user; by id if they are gone."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 50,
) -> None:
    """List what operators did, the newest first."""
    app = app_of(ctx)

    async def work(operator: Operator) -> list[Entry]:
        subject = user
        if user is not None and "@" in user:
            subject = (await operator.users.find(user)).id
        rows = await operator.call("admin_entries", subject=subject, most=limit)
        return [Entry.from_row(row) for row in rows]

    app.console.emit(run_as_operator(app, work), _as_text)


def _as_text(entries: list[Entry], page: Page) -> str:
    if not entries:
        return "Nothing was done yet."
    rows = [
        (local_time(entry.done_at), entry.operator, entry.deed, _details(entry))
        for entry in entries
    ]
    return page.table(("WHEN", "WHO", "WHAT", "HOW MUCH"), rows)


def _details(entry: Entry) -> str:
    state = str(entry.details.get("state", ""))
    rest = ", ".join(f"{name} {value}" for name, value in entry.details.items() if name != "state")
    return f"{state}: {rest}" if rest else state
