"""`pocketllm backend`: the embedded backend on this machine."""

import time
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.outbox import read_mails
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.contexts import EMBEDDED
from pocketllm_cli.errors import NotFound, UsageProblem
from pocketllm_cli.models import BackendStatus, OutboxMail, Session
from pocketllm_cli.remembered import Remembered

_FOLLOW_SECONDS: Final = 0.2

app = noun(
    "Run the embedded backend on this machine.", "pocketllm backend", "pocketllm backend stop"
)


@app.callback()
def backend(ctx: typer.Context) -> None:
    """Run the embedded backend on this machine.

    Commands start it when they need it; it runs until `pocketllm backend stop`.
    """
    if ctx.invoked_subcommand is None:
        status(ctx)


@verb(app, "start", "pocketllm backend start")
def start(ctx: typer.Context) -> None:
    """Start it and wait until it takes requests."""
    app = app_of(ctx)

    async def work(api: Api) -> BackendStatus:
        await app.embedded.ensure_running()
        return app.embedded.status()

    app.console.emit(app.run_in(EMBEDDED, work), _status_as_text)


@verb(app, "stop", "pocketllm backend stop")
def stop(ctx: typer.Context) -> None:
    """Stop it; everything is kept."""
    app = app_of(ctx)

    async def work(api: Api) -> tuple[bool, BackendStatus]:
        return await app.embedded.stop(), app.embedded.status()

    was_running, result = app.run_in(EMBEDDED, work)
    text = "Stopped." if was_running else "It was not running."
    app.console.emit(result, lambda result, page: text)


@verb(app, "status", "pocketllm backend status", "pocketllm backend status --json")
def status(ctx: typer.Context) -> None:
    """Show whether it runs, and where; ends with 0 either way."""
    app = app_of(ctx)
    app.console.emit(app.embedded.status(), _status_as_text)


@verb(
    app,
    "logs",
    "pocketllm backend logs --lines 50",
    "pocketllm backend logs -f",
    "pocketllm backend logs --mail --lines 1",
)
def logs(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[
        int,
        typer.Option("--lines", min=0, max=100_000, help="How many of the last lines, or mails."),
    ] = 100,
    mail: Annotated[
        bool, typer.Option("--mail", help="Show the mails with codes and links, the newest last.")
    ] = False,
) -> None:
    """Show what the backend wrote."""
    app = app_of(ctx)
    if mail:
        if follow:
            raise UsageProblem("`--mail` and `--follow` do not go together.")
        app.console.emit(read_mails(app.embedded.mail_folder, last=lines), _mails_as_text)
        return
    path = app.embedded.log_file
    if not path.exists():
        raise NotFound("The embedded backend has not run yet.", hint="`pocketllm backend start`")
    _print_log(app, path, lines, follow=follow)


@verb(
    app,
    "env",
    "pocketllm backend env > .env",
    'set -a; eval "$(pocketllm backend env)"; set +a',
)
def env(ctx: typer.Context) -> None:
    """Print addresses, keys and the local account as NAME=value lines, for other programs.

    They are secrets: whoever has them can read everything in this backend.
    """
    app = app_of(ctx)

    async def work(api: Api) -> Session:
        await api.locator.locate()
        return await api.sessions.local_account()

    account = app.run_in(EMBEDDED, work)
    app.console.emit(_variables(app, account), _variables_as_text)


@verb(app, "reset", "pocketllm backend reset --yes")
def reset(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop it and delete everything in it: accounts, chats, model configs and keys."""
    app = app_of(ctx)
    question = f"Delete all chats, model configs and keys in {app.paths.backend}?"
    if not app.console.confirm(question, yes=yes):
        app.console.say("Nothing was deleted.")
        return

    async def work(api: Api) -> BackendStatus:
        await app.embedded.reset()
        api.sessions.remove_all()
        return app.embedded.status()

    status = app.run_in(EMBEDDED, work)
    Remembered.of(app.paths.names, EMBEDDED.name).forget()
    app.console.emit(status, lambda status, page: "Everything was deleted.")


def _print_log(app: App, path: Path, lines: int, *, follow: bool) -> None:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=lines):
            app.console.write_line(line)
        while follow:
            while line := file.readline():
                app.console.write_line(line)
            time.sleep(_FOLLOW_SECONDS)


def _mails_as_text(mails: list[OutboxMail], page: Page) -> str:
    if not mails:
        return "No mail."
    return "\n\n".join(
        page.fields(
            [("sent", local_time(mail.sent_at)), ("to", mail.to), ("subject", mail.subject)]
        )
        + f"\n\n{mail.text}"
        for mail in mails
    )


def _variables(app: App, account: Session) -> dict[str, Any]:
    state = app.embedded.read_state()
    return {
        "SUPABASE_URL": state.get("url"),
        "SUPABASE_ANON_KEY": state.get("publishable_key"),
        "SUPABASE_SERVICE_ROLE_KEY": state.get("secret_key"),
        "SUPABASE_DB_URL": state.get("database_url"),
        "POCKETLLM_EMAIL": account.email,
        "POCKETLLM_PASSWORD": account.password,
    }


def _variables_as_text(variables: dict[str, Any], page: Page) -> str:
    return "\n".join(f"{name}={value}" for name, value in variables.items())


def _status_as_text(status: BackendStatus, page: Page) -> str:
    fields = asdict(status) | {"started_at": status.started_at and local_time(status.started_at)}
    return page.fields([(name.replace("_", " "), value) for name, value in fields.items()])
