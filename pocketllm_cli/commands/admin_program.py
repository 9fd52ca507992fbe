"""The backend's program for operators: what it is called with, and whether it is there."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from pocketllm_cli.commands.admin_database import database_address
from pocketllm_cli.errors import BackendMissing, BackendProblem
from pocketllm_cli.settings import environment_with

if TYPE_CHECKING:
    from pocketllm_cli.app import App

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


def hand_over(app: "App", *words: str, operand: str | None = None) -> NoReturn:
    """Run the program in our place; its exit code is ours.

    Raises:
        BackendMissing: It is not installed.
        KeyringProblem: The keyring, which may hold the database's address, does not answer.
    """
    options = ["--json"] if app.invocation.as_json else []
    command, environment = _prepared(app, words, options)
    rest = [] if operand is None else ["--", operand]
    done = subprocess.run([*command, *rest], env=environment, check=False)  # noqa: S603 # our own
    raise typer.Exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


def run_admin_program(
    app: "App", words: Sequence[str], *, stdin: str = "", starts_backend: bool = True
) -> Any:
    """Run the program and return the JSON that it prints.

    Args:
        stdin: What it is told that nobody else may see.
        starts_backend: Have an embedded backend run first.

    Raises:
        BackendMissing: It is not installed.
        BackendProblem: It failed; the message is its own.
    """
    command, environment = _prepared(app, words, ["--json"], starts_backend=starts_backend)
    done = subprocess.run(  # noqa: S603 # our own program
        command, env=environment, input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BackendProblem(_reason(done.stderr))
    return json.loads(done.stdout)


def _prepared(
    app: "App", words: Sequence[str], options: list[str], *, starts_backend: bool = True
) -> tuple[list[str], dict[str, str] | None]:
    program, environment = admin_command(words), None
    if app.context.is_embedded:
        if starts_backend:
            app.run(lambda api: api.locator.locate())  # it must run, so that its database does
        options = [*options, "--folder", str(app.paths.backend)]
    elif (address := database_address(app)) is not None:
        # Other users of the machine see arguments; a process's environment is its user's alone.
        environment = environment_with("SUPABASE_DB_URL", address)
    return [*program, *options], environment


def _reason(told: str) -> str | None:
    line = told.strip().rpartition("\n")[2]
    try:
        return str(json.loads(line)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return line[:300] or None
