"""The backend's program for operators: what it is called with, and whether it is there."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

from pocketllm_cli.errors import BackendMissing

_PROGRAM: Final = "backend_functions.admin"


def admin_command(words: Sequence[str]) -> list[str]:
    """Return the command line that runs it with these words.

    Raises:
        BackendMissing: It is not installed.
    """
    if any(find_spec(name) is None for name in ("backend_functions", "psycopg")):
        raise BackendMissing(
            "The programs that maintain a backend are not installed.",
            hint="Install them with `pip install 'pocketllm[server]'`.",
        )
    return [sys.executable, "-P", "-m", _PROGRAM, *words]
