"""`pocketllm admin users`: who can sign in, and the end of somebody with all that is theirs."""

import secrets
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.api.operating import Operator
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands import admin_user_removal
from pocketllm_cli.commands.admin_user_removal import has_as_text
from pocketllm_cli.commands.operating import (
    UserArgument,
    YesOption,
    may_go_on,
    run_as_operator,
)
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import User
from pocketllm_cli.piped_text import read_piped_text
from pocketllm_cli.upkeep.users import Footprint, footprint

_SHUTS_OUT: Final = "This shuts a user out."
_NEW_PASSWORD: Final = "This changes a user's password and signs them out everywhere."  # noqa: S105

app = noun(
    "The users of a backend.",
    "pocketllm admin users list",
    "pocketllm admin users delete ada@example.com",
)

StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.callback()
def users(ctx: typer.Context) -> None:
    """The users of a backend."""
    if ctx.invoked_subcommand is None:
        list_users(ctx)


@verb(app, "list", "pocketllm admin users list", "pocketllm admin users list --filter example.com")
def list_users(
    ctx: typer.Context,
    wanted: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only addresses that hold this.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 1000,
) -> None:
    """List users, the newest first."""
    app = app_of(ctx)
    found = run_as_operator(app, lambda operator: operator.users.all(wanted, most=limit))
    app.console.emit([_record(user) for user in found], lambda _, page: _list_as_text(found, page))


@verb(app, "show", "pocketllm admin users show ada@example.com")
def show(ctx: typer.Context, user: UserArgument) -> None:
    """Show a user, and how much is theirs."""
    app = app_of(ctx)

    async def work(operator: Operator) -> tuple[User, list[Footprint]]:
        found = await operator.users.find(user)
        return found, await footprint(operator, found.id)

    found, places = run_as_operator(app, work)
    record = _record(found) | {"has": [asdict(place) for place in places]}
    app.console.emit(
        record, lambda _, page: f"{_as_text(found, page)}\n{has_as_text(places, page)}"
    )


@verb(
    app,
    "create",
    "pocketllm admin users create ada@example.com",
    "pocketllm admin users create ada@example.com --invite",
)
def create(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address to sign in with.")],
    from_stdin: StdinOption = False,
    invite: Annotated[
        bool, typer.Option("--invite", help="Mail a link by which they choose a password.")
    ] = False,
) -> None:
    """Make a user, who can sign in at once."""
    app = app_of(ctx)
    if invite and from_stdin:
        raise UsageProblem("--invite needs no password.")
    password = None if invite else _read_password(app, from_stdin=from_stdin)

    async def work(operator: Operator) -> User:
        async with operator.audited("users create") as outcome:
            made = await (
                operator.users.invite(email)
                if password is None
                else operator.users.create(email, password)
            )
            outcome.subject = made.id
            outcome.count("accounts", 1)
        return made

    made = run_as_operator(app, work)
    app.console.emit(_record(made), lambda _, page: f"Made {made.email}: {made.id}")


@verb(app, "disable", "pocketllm admin users disable ada@example.com")
def disable(ctx: typer.Context, user: UserArgument, yes: YesOption = False) -> None:
    """Shut a user out; what is theirs stays."""
    app = app_of(ctx)
    found = _find(app, user)
    plan = f"{found.email or found.id} would be signed out and could not sign in any more."
    if may_go_on(app, plan, "Shut them out?", yes=yes, danger=_SHUTS_OUT):
        _change(app, "users disable", found, "disable")


@verb(app, "enable", "pocketllm admin users enable ada@example.com")
def enable(ctx: typer.Context, user: UserArgument) -> None:
    """Let a user in again who was shut out."""
    app = app_of(ctx)
    _change(app, "users enable", _find(app, user), "enable")


@verb(
    app,
    "reset-password",
    "pocketllm admin users reset-password ada@example.com --mail",
    "openssl rand -base64 18 | pocketllm admin users reset-password ada@example.com"
    " --password-stdin --yes",
)
def reset_password(
    ctx: typer.Context,
    user: UserArgument,
    from_stdin: StdinOption = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Mail a link by which they choose another.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Give a user another password; they are signed out everywhere."""
    app = app_of(ctx)
    if mail and from_stdin:
        raise UsageProblem("--mail needs no password.")
    found = _find(app, user)
    if mail:
        run_as_operator(app, lambda operator: _mail(operator, found))
        app.console.say(f"A link was mailed to {found.email}.")
        return
    password = _read_password(app, from_stdin=from_stdin)
    if not app.console.confirm("Change it?", yes=yes, danger=_NEW_PASSWORD):
        app.console.say("Nothing was changed.")
        return

    async def work(operator: Operator) -> User:
        async with operator.audited("users reset-password", found.id):
            return await operator.users.set_password(found.id, password)

    changed = run_as_operator(app, work)
    app.console.emit(_record(changed), lambda _, page: f"{changed.email} has another password now.")


verb(
    app,
    "delete",
    "pocketllm admin users delete ada@example.com --dry-run",
    "pocketllm admin users delete 3f2a6c1e-0000-4000-8000-000000000000 --yes",
)(admin_user_removal.delete)
verb(app, "export", "pocketllm admin users export ada@example.com ada.zip")(
    admin_user_removal.export
)


def _find(app: App, user: str) -> User:
    return run_as_operator(app, lambda operator: operator.users.find(user))


def _change(app: App, deed: str, user: User, change: str) -> None:
    async def work(operator: Operator) -> User:
        async with operator.audited(deed, user.id):
            changed: User = await getattr(operator.users, change)(user.id)
        return changed

    changed = run_as_operator(app, work)
    app.console.emit(_record(changed), lambda _, page: f"{changed.email} is {changed.state} now.")


async def _mail(operator: Operator, user: User) -> None:
    if user.email is None:
        raise UsageProblem("This user has no address.", hint="Give a password instead.")
    async with operator.audited("users reset-password", user.id, asked={"by": "mail"}):
        await operator.users.mail_recovery(user.email)


def _read_password(app: App, *, from_stdin: bool) -> str:
    if from_stdin:
        given = (read_piped_text(app.console.narrate) or "").rstrip("\r\n")
    elif app.console.can_ask:
        given = app.console.ask_secret("Password (empty: a random one, shown once):")
        if not given:
            given = secrets.token_urlsafe(18)
            app.console.warn(f"The password is {given}")
    else:
        raise UsageProblem("There is nobody to ask.", hint="Pipe it in: `--password-stdin`.")
    if not given:
        raise UsageProblem("The password is empty.")
    return given


def _record(user: User) -> dict[str, Any]:
    return asdict(user) | {"state": user.state}


def _list_as_text(users: list[User], page: Page) -> str:
    if not users:
        return "No users."
    rows = [
        (user.id, user.email, user.state, local_time(user.created_at), _seen(user))
        for user in users
    ]
    return page.table(("ID", "EMAIL", "STATE", "CREATED", "LAST SIGN-IN"), rows)


def _as_text(user: User, page: Page) -> str:
    return page.fields(
        [
            ("id", user.id),
            ("email", user.email),
            ("state", user.state),
            ("created", local_time(user.created_at)),
            ("last sign-in", _seen(user)),
        ]
    )


def _seen(user: User) -> str:
    return local_time(user.last_sign_in_at)
