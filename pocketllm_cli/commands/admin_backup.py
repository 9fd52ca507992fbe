"""`pocketllm admin backup` and `restore`: all of the embedded backend in one file, and back."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import local_time
from pocketllm_cli.commands.admin_program import run_admin_program
from pocketllm_cli.commands.operating import YesOption, may_go_on, run_as_operator
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import (
    BackendProblem,
    BackendUnreachable,
    LocalFileProblem,
    PocketLLMError,
    UsageProblem,
)
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.piped_text import read_piped_text

_REPLACES: Final = "This replaces everything that the embedded backend keeps."
_OPEN_KEYS: Final = (
    "The keys of this machine lie open in the file: with it every stored provider key can be read."
    " `--passphrase-stdin` seals them."
)
_MISSING: Final = (
    "Files that Storage lists and this machine's disk has not: {number:,}."
    " They are not in the backup."
)
_STRANGER: Final = (
    "Its keys are not sealed, so nobody can tell who made it; a restore runs what is in it."
)
_SHORTEST: Final = 8

app = single()

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.")]
StdinOption = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read the keys' passphrase from standard input.")
]


@verb(
    app,
    "backup",
    "pocketllm admin backup pocketllm.backup",
    "pass show backups | pocketllm admin backup pocketllm.backup --passphrase-stdin",
    "pocketllm admin backup pocketllm.backup --verify",
)
def backup(
    ctx: typer.Context,
    file: FileArgument,
    check: Annotated[
        bool, typer.Option("--verify", help="Only read a backup that is there, to its end.")
    ] = False,
    from_stdin: StdinOption = False,
) -> None:
    """Write all that the embedded backend keeps to one file, while it is in use.

    That is the database, the files, the mails and the keys of this machine. The keys are sealed
    with a passphrase, if one is given; nothing else in the file is.
    """
    app = app_of(ctx)
    _require_embedded(app)
    if check:
        told = _ask_program(app, "verify", file, _given(app, from_stdin=from_stdin))
        app.console.emit(told, lambda told, page: f"{file} is whole: {_told(told)}")
        return
    passphrase = _given(app, from_stdin=from_stdin) or _chosen(app)
    if passphrase is None:
        app.console.warn(_OPEN_KEYS)
    told = _ask_program(app, "backup", file, passphrase, starts_backend=True)
    if told["missing"]:
        app.console.warn(_MISSING.format(number=told["missing"]))
    app.console.emit(told, lambda told, page: f"Wrote {file}: {_told(told)}")


@verb(
    app,
    "restore",
    "pocketllm admin restore pocketllm.backup",
    "pass show backups | pocketllm admin restore pocketllm.backup --passphrase-stdin --yes",
)
def restore(
    ctx: typer.Context, file: FileArgument, from_stdin: StdinOption = False, yes: YesOption = False
) -> None:
    """Put a backup in the place of all that the embedded backend keeps.

    The backup is read to its end first. What is there is kept aside until the restored backend
    runs; whatever stops this leaves the old data or the new, never some of each.
    """
    app = app_of(ctx)
    _require_embedded(app)
    passphrase = _given(app, from_stdin=from_stdin)
    told = _ask_program(app, "verify", file, passphrase)
    if told["are_keys_sealed"] and passphrase is None:
        if not app.console.can_ask:
            raise UsageProblem("The keys are sealed.", hint="Pipe it in: `--passphrase-stdin`.")
        passphrase = app.console.ask_secret("Passphrase of the keys:")
        _ask_program(app, "verify", file, passphrase)
    plan = f"This would replace all that is in {app.paths.backend}.\n{file}: {_told(told)}"
    if not told["are_keys_sealed"]:
        plan += f"\n{_STRANGER}"
    if not may_go_on(app, plan, "Restore it?", yes=yes, danger=_REPLACES):
        return
    with _noted_in_old(app, told):
        asyncio.run(app.embedded.stop())
        _ask_program(app, "restore", file, passphrase)
        _start_or_take_back(app)
    _run_program(app, "keep-restored")
    app.store.remove(app.context.name)  # the tokens of another backend
    run_as_operator(app, lambda operator: _welcome(app, operator, told))
    app.console.emit(told, lambda told, page: f"Restored {file}: {_told(told)}")


@contextmanager
def _noted_in_old(app: App, told: dict[str, Any]) -> Iterator[None]:
    """Note in the data that is there, if a backend runs on it, that it is to go, and if it stayed.

    The data that takes its place has the same beginning among what its operators did.
    """
    if not app.embedded.is_alive():
        yield
        return

    def note(state: str) -> None:
        details = {"state": state, "made_at": told["made_at"]}
        run_as_operator(app, lambda operator: operator.note("restore", None, details))

    note("begun")
    try:
        yield
    except PocketLLMError:
        with suppress(PocketLLMError):  # what is told is why it failed
            note("failed")
        raise


def _start_or_take_back(app: App) -> None:
    """Start what was restored; where it does not start, put the old data back.

    Raises:
        BackendProblem: It did not start; the old data is in its place.
    """
    try:
        asyncio.run(app.embedded.ensure_running())
    except BackendUnreachable as error:
        asyncio.run(app.embedded.stop())
        was_there = _run_program(app, "take-back")["kept"] == "old"
        rest = " The old data is back." if was_there else ""
        raise BackendProblem(f"The restored backend did not start.{rest}") from error


async def _welcome(app: App, operator: Operator, told: dict[str, Any]) -> None:
    """Note the restore, and sign this machine in to the local account of the backup."""
    from pocketllm_cli.api.sessions import LOCAL_EMAIL, local_account_name

    await operator.note(
        "restore", None, {"state": "done", "made_at": told["made_at"], "rows": told["rows"]}
    )
    found = [user for user in await operator.users.all(LOCAL_EMAIL) if user.email == LOCAL_EMAIL]
    if not found:
        return
    password = secrets.token_urlsafe(24)
    await operator.users.set_password(found[0].id, password)
    async with app.open_api(app.context) as api:
        session = await api.auth.sign_in(LOCAL_EMAIL, password)
    app.store.save(local_account_name(app.context), replace(session, password=password))


def _require_embedded(app: App) -> None:
    if not app.context.is_embedded:
        raise UsageProblem(
            "A hosted project has backups of its own.",
            hint="Use those of its dashboard, or `pg_dump`; see docs/backup.md.",
        )


def _given(app: App, *, from_stdin: bool) -> str | None:
    if not from_stdin:
        return None
    passphrase = (read_piped_text(app.console.narrate) or "").rstrip("\r\n")
    if len(passphrase) < _SHORTEST or "\n" in passphrase:
        raise UsageProblem(f"A passphrase is one line of {_SHORTEST} characters or more.")
    return passphrase


def _chosen(app: App) -> str | None:
    """Ask for a passphrase where there is somebody to ask; None for none."""
    if not app.console.can_ask:
        return None
    passphrase = app.console.ask_secret("Passphrase for the keys (empty: none):")
    if not passphrase:
        return None
    if len(passphrase) < _SHORTEST:
        raise UsageProblem(f"A passphrase is one line of {_SHORTEST} characters or more.")
    if app.console.ask_secret("Once more:") != passphrase:
        raise UsageProblem("The two are not the same.")
    return passphrase


def _ask_program(
    app: App, word: str, file: Path, passphrase: str | None, *, starts_backend: bool = False
) -> dict[str, Any]:
    if word != "backup" and not file.is_file():
        raise LocalFileProblem(f"There is no file {file}.", hint="Name another file.")
    words = [word, "--file", str(file.absolute())]
    words += ["--passphrase-stdin"] * (passphrase is not None)
    stdin = f"{passphrase}\n" if passphrase is not None else ""
    told: dict[str, Any] = run_admin_program(app, words, stdin=stdin, starts_backend=starts_backend)
    return told


def _run_program(app: App, word: str) -> dict[str, Any]:
    done: dict[str, Any] = run_admin_program(app, [word], starts_backend=False)
    return done


def _told(told: dict[str, Any]) -> str:
    keys = "sealed" if told["are_keys_sealed"] else "open"
    return (
        f"of {local_time(told['made_at'])}, {told['rows']:,} rows, {told['objects']:,} files, "
        f"{size_told(told['bytes'])}, keys {keys}, by version {told['pocketllm']}."
    )
