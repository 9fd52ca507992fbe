"""`pocketllm password`: another password for your account."""

from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.passwords import Proof
from pocketllm_cli.api.sessions import LOCAL_EMAIL
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import CodeNeeded, PasswordNeeded, UsageProblem
from pocketllm_cli.models import Account
from pocketllm_cli.piped_text import read_piped_text

_CHANGED: Final = "Changed the password. Other sessions of this account are signed out."
_CODE_SENT: Final = "A code was mailed to you."

password = single()


@verb(
    password,
    "password",
    "pocketllm password",
    "printf '%s\\n' \"$NEW\" | pocketllm password --password-stdin",
)
def change_password(
    ctx: typer.Context,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from stdin; else asked.")
    ] = False,
) -> None:
    """Change your password and sign out everywhere else.

    If the backend wants proof that it is you, the current password or a mailed code is asked for;
    with --password-stdin it is the second line.
    """
    app = app_of(ctx)
    account = app.run(_account)  # first, so that nobody types a password that leads nowhere
    new, proof = _passwords(app, from_stdin=password_stdin)
    wanted = app.run(lambda api: api.passwords.change(new))
    if wanted is not None:
        proof = proof or _ask_for(app, wanted)
        app.run(lambda api: api.passwords.change(new, by=wanted, proof=proof))
    app.console.emit(account, lambda account, page: _CHANGED)


async def _account(api: Api) -> Account:
    account = await api.account()
    if api.context.is_embedded and account.email == LOCAL_EMAIL:
        raise UsageProblem(
            "The local account of this machine has a password that nobody needs to know.",
            hint="`pocketllm backend env` shows it; `pocketllm signup` makes another account.",
        )
    return account


def _passwords(app: App, *, from_stdin: bool) -> tuple[str, str]:
    """Return the new password and the proof that came with it, which may be empty."""
    if from_stdin:
        lines = (read_piped_text(app.console.narrate) or "").split("\n")
        new, proof, *_ = (line.rstrip("\r") for line in [*lines, ""])
    elif app.console.can_ask:
        new, proof = app.console.ask_secret("New password:"), ""
        if new != app.console.ask_secret("Again:"):
            raise UsageProblem("The two passwords differ.")
    else:
        new, proof = "", ""
    if not new:
        raise UsageProblem("There is no password.", hint="Use `--password-stdin`.")
    return new, proof


def _ask_for(app: App, wanted: Proof) -> str:
    """Ask for the proof; a code is mailed first.

    Raises:
        PasswordNeeded | CodeNeeded: There is nobody to ask.
    """
    if wanted == "password":
        if not app.console.can_ask:
            raise PasswordNeeded
        return app.console.ask_secret("Current password:")
    app.run(lambda api: api.passwords.send_code())
    app.console.narrate(_CODE_SENT)
    if not app.console.can_ask:
        raise CodeNeeded
    return app.console.ask_line("Code:").strip()
