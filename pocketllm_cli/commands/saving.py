"""Where a file may be put on this machine: nothing that is there is replaced unasked."""

from pathlib import Path
from typing import Annotated

import typer

from pocketllm_cli.app import App
from pocketllm_cli.errors import UsageProblem

ForceOption = Annotated[
    bool, typer.Option("--force", "--yes", "-y", help="Replace FILE if it is there.")
]


def target_of(file: Path, name: str) -> Path:
    """Return where something goes: a folder keeps its name."""
    return file / name if file.is_dir() else file


def may_write(app: App, target: Path, *, force: bool) -> bool:
    """Say whether a file may be written, after asking where one is there.

    Raises:
        UsageProblem: One is there and nobody can be asked, or there is no such folder.
    """
    if not target.parent.is_dir():
        raise UsageProblem(f"There is no folder {target.parent}.", hint="Make it first.")
    if not target.exists():
        return True
    if not force and not app.console.can_ask:
        raise UsageProblem(
            f"{target} is there already.", hint="Name another file, or replace it with `--force`."
        )
    return app.console.confirm(f"Replace {target}?", yes=force)
