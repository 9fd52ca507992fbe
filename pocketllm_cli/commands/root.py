"""The table of commands, and what `pocketllm` alone does."""

import gc
from typing import Annotated, ClassVar

import typer

from pocketllm_cli import __version__
from pocketllm_cli.app import app_of
from pocketllm_cli.commands.suggestions import suggest_chats
from pocketllm_cli.commands.tree import Entry, LazyGroup, examples
from pocketllm_cli.settings import paint_often

_COMMANDS = "pocketllm_cli.commands"
_ACCOUNT = f"{_COMMANDS}.account"


class Tree(LazyGroup):
    """All commands of `pocketllm`."""

    table: ClassVar[dict[str, Entry]] = {
        "ask": Entry(f"{_COMMANDS}.ask", "Ask one question; the answer streams to stdout."),
        "chats": Entry(f"{_COMMANDS}.chats", "Work with your chats."),
        "models": Entry(f"{_COMMANDS}.models", "Work with your model configs."),
        "images": Entry(f"{_COMMANDS}.images", "Have pictures made."),
        "jobs": Entry(f"{_COMMANDS}.jobs", "Follow what the backend works at."),
        "files": Entry(f"{_COMMANDS}.files", "Work with the files of your chats."),
        "usage": Entry(f"{_COMMANDS}.usage", "Show what answers took: tokens, cost and time."),
        "profile": Entry(f"{_COMMANDS}.profile", "Tell about yourself."),
        "transfer": Entry(f"{_COMMANDS}.transfer", "Bring everything from one backend to another."),
        "signup": Entry(_ACCOUNT, "Make an account and sign in.", "signup"),
        "login": Entry(
            _ACCOUNT, "Sign in with email and password, a mailed code, or the browser.", "login"
        ),
        "logout": Entry(_ACCOUNT, "Sign out and forget the session.", "logout"),
        "whoami": Entry(_ACCOUNT, "Show who is signed in, and where.", "whoami"),
        "password": Entry(
            f"{_COMMANDS}.password",
            "Change your password and sign out everywhere else.",
            "password",
        ),
        "context": Entry(f"{_COMMANDS}.context", "Choose between backends."),
        "backend": Entry(f"{_COMMANDS}.backend", "Run the embedded backend on this machine."),
        "doctor": Entry(
            f"{_COMMANDS}.doctor",
            "Tell what works, what does not, and the command that mends it.",
            "doctor",
        ),
        "smoke": Entry(
            f"{_COMMANDS}.smoke",
            "Sign in, ask, read, store, listen, and remove it all again.",
            "smoke",
        ),
        "completion": Entry(
            f"{_COMMANDS}.completion",
            "Print the script with which a shell completes commands, chats, models and contexts.",
            "completion",
        ),
        "admin": Entry(f"{_COMMANDS}.admin", "Maintain a backend."),
    }


app = typer.Typer(
    cls=Tree,
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        'pocketllm ask "What is the capital of France?"',
        'git diff | pocketllm ask "Write a commit message"',
        "pocketllm chats list",
    ),
)


def _show_version(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        app_of(ctx).console.write(f"pocketllm {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
    chat: Annotated[
        str | None,
        typer.Option(
            "--chat",
            metavar="ID",
            help="The chat the terminal app begins with.",
            autocompletion=suggest_chats,
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Chat line by line, without a screen: for screen readers."),
    ] = False,
) -> None:
    """LLM chat in the terminal; your chats live in your own cloud.

    Alone, on a terminal, it opens the terminal app; with --plain, a chat line by line.
    """
    if ctx.invoked_subcommand is not None:
        return
    app = app_of(ctx)
    if plain:
        from pocketllm_cli.commands.plain import PlainChat  # brings in what answers need

        PlainChat(app, chat).run()
        return
    if not app.can_open_screen:
        app.console.write_line(ctx.get_help())
        return
    paint_often()
    gc.disable()  # modules stay, so looking through them is lost time; `opening` enables it again
    from pocketllm_cli.tui.opening import open_terminal_app  # brings in textual

    open_terminal_app(app, chat)
