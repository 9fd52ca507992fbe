"""The log that `--debug` writes and an unexpected failure leaves behind; secrets are cut out."""

import os
import re
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pocketllm_cli.private_files import append_private

_SECRETS: Final = (
    re.compile(r"(?i)(bearer\s+)[^\s\"',;]+"),
    re.compile(r"()\beyJ[\w-]+\.[\w-]+\.[\w-]*"),
    re.compile(r"()\bs[bk]_\w+|()\bsk-[\w-]+"),
    re.compile(
        r"(?i)([\"']?(?:password|api_?key|apikey|refresh_token|access_token|anon_key|secret)\w*[\"']?"
        r"\s*[:=]\s*[\"']?)[^\s\"',;&}]+"
    ),
)


class DebugLog:
    """Lines of what happened, in a 0600 file that is made when the first line comes.

    Args:
        folder: Where the file goes, or None to write nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._started = time.monotonic()
        self.path = _file_in(folder) if folder else None

    def line(self, text: str) -> None:
        """Write one line; a log that cannot be written never stops a command."""
        if self.path is None:
            return
        seconds = time.monotonic() - self._started
        try:
            with open(append_private(self.path), "a", encoding="utf-8", errors="replace") as file:
                file.write(f"{seconds:8.3f} {redact(text)}\n")
        except Exception:  # full disk, read-only folder
            self.path = None

    def exception(self, error: BaseException) -> None:
        """Write a failure with its traceback."""
        self.line("".join(traceback.format_exception(error)).rstrip())


def redact(text: str) -> str:
    """Cut tokens, keys and passwords out of a text."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: f"{match.group(1) or ''}[redacted]", text)
    return text


def _file_in(folder: Path) -> Path:
    return folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
