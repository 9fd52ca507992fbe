"""`pocketllm admin database`: where a hosted backend's database is, kept in the system keyring.

The address holds the password of the database's owner. It is never an argument, which other users
of the machine could see, and never lies in a file.
"""

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import NotFound, UsageProblem
from pocketllm_cli.piped_text import read_piped_text

if TYPE_CHECKING:
    from pocketllm_cli.models import Context

_SCHEMES: Final = ("postgres", "postgresql")
_EXAMPLE: Final = "It looks like postgresql://postgres:PASSWORD@db.example.co:5432/postgres."

app = noun(
    "The database address of a hosted backend, in the system keyring.",
    "pocketllm admin database keep",
    "pocketllm admin database show",
)


def database_address(app: App, context: "Context | None" = None) -> str | None:
    """Return the address for a context, that of this run unless another one is given.

    It is that of SUPABASE_DB_URL, else the one in the keyring.

    Raises:
        KeyringProblem: The keyring does not answer.
    """
    return app.settings.database_url or app.store.load_secret(_name(context or app.context))


@app.callback()
def alone(ctx: typer.Context) -> None:
    """The database address of a hosted backend, in the system keyring."""
    if ctx.invoked_subcommand is None:
        show(ctx)


@verb(app, "show", "pocketllm admin database show")
def show(ctx: typer.Context) -> None:
    """Tell which database admin commands use; the password is not shown."""
    app = app_of(ctx)
    _require_hosted(app)
    address = database_address(app)
    if address is None:
        hint = "Keep it with `pocketllm admin database keep`, or set SUPABASE_DB_URL."
        raise NotFound("No database address is known for this context.", hint=hint)
    parts = urlsplit(address)
    source = "environment" if app.settings.database_url else "keyring"
    shown = {"host": parts.hostname or "", "login": parts.username or "", "source": source}
    app.console.emit(shown, lambda shown, page: "{login}@{host}, from the {source}".format(**shown))


@verb(
    app,
    "keep",
    "pocketllm admin database keep",
    "pass show supabase-db | pocketllm admin database keep --url-stdin",
)
def keep(
    ctx: typer.Context,
    from_stdin: Annotated[
        bool, typer.Option("--url-stdin", help="Read the address from standard input.")
    ] = False,
) -> None:
    """Keep the address of the owner's login in the system keyring."""
    app = app_of(ctx)
    _require_hosted(app)
    app.store.save_secret(_name(app.context), _read_address(app, from_stdin=from_stdin))
    app.console.say("The address is in the system keyring.")


@verb(app, "forget", "pocketllm admin database forget")
def forget(ctx: typer.Context) -> None:
    """Remove the address from the system keyring."""
    app = app_of(ctx)
    _require_hosted(app)
    app.store.remove_secret(_name(app.context))
    app.console.say("The keyring holds no address for this context.")


def _read_address(app: App, *, from_stdin: bool) -> str:
    if from_stdin:
        given = read_piped_text(app.console.narrate) or ""
    elif app.console.can_ask:
        given = app.console.ask_secret("Address of the database:")
    else:
        raise UsageProblem("There is nobody to ask.", hint="Pipe the address in: `--url-stdin`.")
    address = given.strip()
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in _SCHEMES and bool(parts.hostname) and "\n" not in address
    except ValueError:
        is_whole = False
    if not is_whole:
        raise UsageProblem("That is no address of a PostgreSQL database.", hint=_EXAMPLE)
    return address


def _require_hosted(app: App) -> None:
    if app.context.is_embedded:
        raise UsageProblem(
            "The embedded backend finds its own database.",
            hint="Name a hosted one with `--context`.",
        )


def _name(context: "Context") -> str:
    return f"{context.name}@database"  # no context can be called so
