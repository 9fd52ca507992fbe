"""Where a file may be put on this machine: nothing that is there is replaced unasked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from pocketllm_cli.app import App
from pocketllm_cli.errors import UsageProblem

ForceOption = Annotated[
    bool, typer.Option("--force", "--yes", "-y", help="Replace FILE if it is there.")
]


STDOUT: Final = Path("-")
_PIECE_BYTES: Final = 1024 * 1024


@contextmanager
def sent_to_stdout(app: App) -> Iterator[Path]:
    """Give a place for a file; what is there at the end of the block, whole, goes to stdout.

    Raises:
        UsageProblem: That is a terminal, which the bytes of a file could do anything to, or a
            record goes there.
    """
    from tempfile import TemporaryDirectory  # only for this

    if app.console.is_terminal:
        hint = "Send it on, with `> FILE` or `| PROGRAM`."
        raise UsageProblem("The bytes of a file are not printed on a terminal.", hint=hint)
    if app.invocation.as_json:
        hint = "Name a file, or leave `--json` out."
        raise UsageProblem("A file and its record cannot both go to standard output.", hint=hint)
    with TemporaryDirectory(prefix="pocketllm-") as folder:
        target = Path(folder) / "file"
        yield target
        with target.open("rb") as whole:
            while piece := whole.read(_PIECE_BYTES):
                app.console.write_bytes(piece)


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
