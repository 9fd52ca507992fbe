"""Full text search over one's own messages and titles: done by the backend."""

from dataclasses import dataclass
from typing import Any

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.models import Found


@dataclass(frozen=True, slots=True)
class Search:
    """The search of the person who is signed in."""

    wire: Wire

    async def find(self, query: str, *, limit: int = 20, after: Found | None = None) -> list[Found]:
        """Return the messages and titles that fit, best first.

        Args:
            query: As people type it: words, "phrases", or, -without; the last word may be a
                beginning unless a space follows. No text is an error; of more than 500
                characters the first are looked for.
            limit: How many at most, 1 to 100.
            after: The last row of the page before, for the next one.
        """
        body: dict[str, Any] = {"query": query.replace("\0", " "), "max_results": limit}
        if after is not None:
            body["after_id"] = after.id
        rows = await self.wire.ask(Call("tables", "POST", "rpc/search_messages", body=body))
        return [Found.from_row(row) for row in rows]
