"""Hands sealed keys over from the embedded backend, by the backend's own program for operators.

The program opens and seals them; what comes back are names of model configs.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pocketllm_cli.app import App
from pocketllm_cli.commands.admin_database import database_address
from pocketllm_cli.commands.admin_program import admin_command
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.settings import environment_with, read_variable
from pocketllm_cli.transfer.models import HandedOver, HandOver


def key_handover(app: App, source: Context, target: Context, folder: Path | None) -> HandOver:
    """Return what hands keys over, once it is sure that nothing it needs is missing.

    Args:
        folder: Of the target, where that is an embedded backend too; else its database's address
            and its master keys are in the environment.

    Raises:
        UsageProblem: The source is not the embedded backend, or the target's master keys are not
            here.
        BackendMissing: The program is not installed.
    """
    if not source.is_embedded:
        raise UsageProblem(
            "Keys can only be handed over from the embedded backend of this machine.",
            hint="Leave out `--with-keys`; each key is asked for then.",
        )
    words = ["keys", "hand-over", "--json", "--from-folder", str(app.paths.backend)]
    environment = None
    if folder is not None:
        words += ["--folder", str(folder)]
    else:
        address = database_address(app, target)
        if address is None or read_variable("POCKETLLM_MASTER_KEYS") is None:
            raise UsageProblem(
                "Keys are sealed with the target's own master keys, and these are not here.",
                hint="Set SUPABASE_DB_URL and POCKETLLM_MASTER_KEYS to those of the target,"
                " or name its folder with `--to-folder` where it is an embedded backend.",
            )
        environment = environment_with("SUPABASE_DB_URL", address)
    command = admin_command(words)
    return lambda here, there: _hand_over(
        [*command, "--from-user", here, "--to-user", there], environment
    )


def _hand_over(command: list[str], environment: Mapping[str, str] | None) -> HandedOver:
    done = subprocess.run(  # noqa: S603 # our own program
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    answer = _parsed(done.stdout if done.returncode == 0 else done.stderr)
    if done.returncode == 0:
        return HandedOver(frozenset(answer["handed_over"]), answer["left"])
    told = answer.get("error") or {}
    return HandedOver(problem=str(told.get("message") or "The backend's program failed."))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
