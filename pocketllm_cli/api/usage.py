"""What answers took: counted by the backend."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.models import UsageRow

Grouping = Literal["model", "day", "chat"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of the person who is signed in."""

    wire: Wire

    async def by(self, grouping: Grouping, since: datetime | None) -> list[UsageRow]:
        """Return one row for each model, day or chat: the newest or costliest first."""
        body: dict[str, Any] = {"grouping": grouping}
        if since is not None:
            body["since"] = since.isoformat()
        rows = await self.wire.ask(Call("tables", "POST", "rpc/usage", body=body))
        return [UsageRow.from_row(row) for row in rows]
