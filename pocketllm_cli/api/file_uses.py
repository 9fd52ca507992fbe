"""Which messages a stored file went with, so that nobody removes it unawares."""

import json
from typing import Final

from pocketllm_cli.api.chat_folders import chat_id_of
from pocketllm_cli.api.tables import Table
from pocketllm_cli.api.wire import Wire

MOST: Final = 100
"""So many are counted at most."""


async def count_uses(wire: Wire, path: str) -> int:
    """Return how many messages of its own chat a file went with, at most `MOST`.

    Only that chat is looked through: all others would be read from end to end.
    """
    chat_id = chat_id_of(path)
    if chat_id is None:
        return 0
    noted = json.dumps({"attachments": [{"path": path}]})
    filters = [("chat_id", f"eq.{chat_id}"), ("metadata", f"cs.{noted}")]
    return len(await Table(wire, "messages", "id").select(filters, limit=MOST))
