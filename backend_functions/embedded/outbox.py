"""The outbox: mails of the auth service as files, for nobody but the machine's owner to read.

`pocketllm backend logs --mail` shows them: the names sort by time, each holds one JSON object.
"""

import asyncio
import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from backend_functions.embedded.files import make_private_folder, write_private
from backend_functions.gateway.auth.mails import Mail

MAX_MAILS = 200


class Outbox:
    """A folder that keeps the newest mails."""

    def __init__(self, folder: Path, *, max_mails: int = MAX_MAILS) -> None:
        self._folder = folder
        self._max_mails = max_mails

    async def put(self, mail: Mail) -> None:
        """Keep a mail; it is on disk when this returns.

        Raises:
            OSError: It could not be written.
        """
        await asyncio.to_thread(self._put, mail)

    async def forget(self, address: str) -> None:
        """Remove the mails that were sent to an address or name it.

        Raises:
            OSError: One could not be removed.
        """
        await asyncio.to_thread(self._forget, address)

    def _forget(self, address: str) -> None:
        named = re.compile(
            rf"(?<![\w.+-]){re.escape(json.dumps(address)[1:-1])}(?![\w.+-])", re.IGNORECASE
        )
        for path in self._folder.glob("*.json"):
            with suppress(FileNotFoundError):  # it made room meanwhile
                if named.search(path.read_text(encoding="utf-8")):
                    path.unlink()

    def _put(self, mail: Mail) -> None:
        make_private_folder(self._folder)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
        record = {"version": 1, "sent_at": datetime.now(UTC).isoformat(), **asdict(mail)}
        write_private(self._folder / name, json.dumps(record, indent=2))
        for old in sorted(self._folder.glob("*.json"))[: -self._max_mails]:
            old.unlink(missing_ok=True)
