"""Full text search over one's own messages and titles: done by the backend."""

from dataclasses import dataclass
from typing import Any, Final

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.models import Found

_A_PAGE: Final = 100


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
        return await self._page(query, limit, after.id if after else None)

    async def all(self, query: str, *, limit: int, after_id: str | None = None) -> list[Found]:
        """Return what `find` does, a page after the other, as many as there are up to `limit`."""
        found: list[Found] = []
        while len(found) < limit:
            wanted = min(limit - len(found), _A_PAGE)
            page = await self._page(query, wanted, found[-1].id if found else after_id)
            found += page
            if len(page) < wanted:
                break
        return found

    async def chat_ids(self, query: str, *, limit: int) -> list[str]:
        """Return the chats in which something fits, the best first, each once."""
        ids: dict[str, None] = {}
        last: Found | None = None
        while len(ids) < limit:
            page = await self.find(query, limit=_A_PAGE, after=last)
            ids |= {found.chat_id: None for found in page}
            if len(page) < _A_PAGE:
                break
            last = page[-1]
        return list(ids)[:limit]

    async def _page(self, query: str, limit: int, after_id: str | None) -> list[Found]:
        body: dict[str, Any] = {"query": query.replace("\0", " "), "max_results": limit}
        if after_id is not None:
            body["after_id"] = after_id
        rows = await self.wire.ask(Call("tables", "POST", "rpc/search_messages", body=body))
        return [Found.from_row(row) for row in rows]
