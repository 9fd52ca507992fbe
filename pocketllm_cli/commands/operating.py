"""What commands of operators share: the secret key, what is shown first, the line of progress."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from pocketllm_cli.api.operating import Operator, Outcome, open_operator
from pocketllm_cli.app import App

if TYPE_CHECKING:
    from pocketllm_cli.models import Context

T = TypeVar("T")

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only show what would be done; nothing is changed.")
]
UserArgument = Annotated[
    str, typer.Argument(metavar="USER", help="An id or an email address, as `users list` shows.")
]

NOTHING_CHANGED: Final = "Nothing was changed."


def secret_key(app: App) -> str | None:
    """Return the secret key of this run's context: of the environment, else of the keyring.

    The embedded backend tells its own to whoever owns the machine.

    Raises:
        KeyringProblem: The keyring does not answer.
    """
    if app.context.is_embedded:
        return None
    return app.settings.secret_key or app.store.load_secret(secret_name(app.context))


def secret_name(context: "Context") -> str:
    """Return the name under which a keyring holds it."""
    return f"{context.name}@secret"  # no context can be called so


def run_as_operator(app: App, work: Callable[[Operator], Awaitable[T]]) -> T:
    """Do asynchronous work with the rights of the service."""
    import asyncio

    key = secret_key(app)

    async def with_operator() -> T:
        async with open_operator(
            app.context,
            embedded=app.embedded,
            key=key,
            log=app.log,
        ) as operator:
            return await work(operator)

    return asyncio.run(with_operator())


def may_go_on(app: App, plan: str, question: str, *, yes: bool, danger: str) -> bool:
    """Show what would be done and ask; without `yes` and a person to ask it is not done."""
    if yes:
        app.console.narrate(plan)
    else:
        app.console.warn(plan)
    if app.console.confirm(question, yes=yes, danger=danger):
        return True
    app.console.say(NOTHING_CHANGED)
    return False


def progress(app: App) -> Callable[[Outcome], None]:
    """Return what shows how far it is, on a terminal where narration is wanted."""

    def tell(outcome: Outcome) -> None:
        if app.console.can_animate:
            app.console.show_briefly(counts_as_text(outcome.done))

    return tell


def counts_as_text(counts: Mapping[str, int]) -> str:
    """Return counts in one line; what there is none of is left out."""
    return ", ".join(f"{number:,} {what}" for what, number in counts.items() if number) or "nothing"
