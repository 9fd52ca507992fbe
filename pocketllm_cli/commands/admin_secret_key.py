"""`pocketllm admin secret-key`: the secret key of a hosted backend, kept in the system keyring.

With it every row of everybody can be read. It is never an argument, which other users of the
machine could see, and never lies in a file.
"""

import re
from typing import Annotated, Final

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.operating import secret_key, secret_name
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import NoSecretKey, UsageProblem
from pocketllm_cli.piped_text import read_piped_text

_SHAPE: Final = re.compile(r"sb_secret_[\w-]{8,}|[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_EXAMPLE: Final = "It begins with sb_secret_, or is the older service_role key."

app = noun(
    "The secret key of a hosted backend, in the system keyring.",
    "pocketllm admin secret-key keep",
    "pocketllm admin secret-key show",
)


@app.callback()
def alone(ctx: typer.Context) -> None:
    """The secret key of a hosted backend, in the system keyring."""
    if ctx.invoked_subcommand is None:
        show(ctx)


@verb(app, "show", "pocketllm admin secret-key show")
def show(ctx: typer.Context) -> None:
    """Tell which secret key admin commands use: its kind and where it is from, not the key."""
    app = app_of(ctx)
    _require_hosted(app)
    key = secret_key(app)
    if key is None:
        raise NoSecretKey
    kind = "secret" if key.startswith("sb_") else "service_role"
    source = "environment" if app.settings.secret_key else "keyring"
    app.console.emit(
        {"kind": kind, "source": source}, lambda _, page: f"a {kind} key, from the {source}"
    )


@verb(
    app,
    "keep",
    "pocketllm admin secret-key keep",
    "pass show supabase-secret | pocketllm admin secret-key keep --key-stdin",
)
def keep(
    ctx: typer.Context,
    from_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="Read the key from standard input.")
    ] = False,
) -> None:
    """Keep the key in the system keyring."""
    app = app_of(ctx)
    _require_hosted(app)
    if from_stdin:
        given = (read_piped_text(app.console.narrate) or "").strip()
    elif app.console.can_ask:
        given = app.console.ask_secret("Secret key of the project:").strip()
    else:
        raise UsageProblem("There is nobody to ask.", hint="Pipe the key in: `--key-stdin`.")
    if not _SHAPE.fullmatch(given):
        raise UsageProblem("That is no secret key.", hint=_EXAMPLE)
    app.store.save_secret(secret_name(app.context), given)
    app.console.say("The key is in the system keyring.")


@verb(app, "forget", "pocketllm admin secret-key forget")
def forget(ctx: typer.Context) -> None:
    """Remove the key from the system keyring."""
    app = app_of(ctx)
    _require_hosted(app)
    app.store.remove_secret(secret_name(app.context))
    app.console.say("The keyring holds no secret key for this context.")


def _require_hosted(app: App) -> None:
    if app.context.is_embedded:
        raise UsageProblem(
            "The embedded backend tells its own secret key.",
            hint="Name a hosted one with `--context`.",
        )
