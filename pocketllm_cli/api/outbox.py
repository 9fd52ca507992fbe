"""Reads the mails that the embedded backend keeps instead of sending them.

Their place and form are a contract with `backend_functions.embedded`: one JSON object a file, and
names that sort by time.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from pocketllm_cli.models import OutboxMail


def read_mails(folder: Path, *, last: int) -> list[OutboxMail]:
    """Return the newest mails, the newest last; a file that is none is passed over.

    Args:
        folder: The outbox, which need not be there.
        last: How many at most, >= 0.
    """
    names = sorted(folder.glob("*.json"))[-last:] if last else []
    return [mail for name in names if (mail := _read(name)) is not None]


def _read(path: Path) -> OutboxMail | None:
    with suppress(OSError, ValueError):  # removed meanwhile to make room, or not a mail
        record: Any = json.loads(path.read_text("utf-8"))
        if isinstance(record, dict):
            return OutboxMail.from_row(record)
    return None
