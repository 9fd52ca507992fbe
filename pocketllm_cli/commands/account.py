"""`pocketllm signup`, `login`, `logout` and `whoami`."""

from typing import Annotated

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.sign_in_ways import sign_in_with_browser, sign_in_with_code
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import PocketLLMError, UsageProblem
from pocketllm_cli.models import Account, Session
from pocketllm_cli.piped_text import read_piped_text
from pocketllm_cli.sanitize import clean_line

EmailOption = Annotated[
    str | None, typer.Option("--email", metavar="EMAIL", help="Else POCKETLLM_EMAIL, or asked.")
]
PasswordOption = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin; else asked."),
]

signup = single()
login = single()
logout = single()
whoami = single()


@verb(
    signup,
    "signup",
    "pocketllm signup --email me@example.org",
    "pass show mail | pocketllm signup --email me@example.org --password-stdin",
)
def sign_up(
    ctx: typer.Context, email: EmailOption = None, password_stdin: PasswordOption = False
) -> None:
    """Make an account and sign in.

    Without a terminal the password comes from --password-stdin or POCKETLLM_PASSWORD.
    """
    app = app_of(ctx)
    address = _email(app, email)
    password = _password(app, from_stdin=password_stdin, is_new=True)

    async def work(api: Api) -> Account | None:
        session = await api.auth.sign_up(address, password)
        return await _keep(api, session) if session else None

    account = app.run(work)
    app.remembered.forget()
    if account is None:
        app.console.say("Almost done: open the link in the mail, then run `pocketllm login`.")
        return
    app.console.emit(account, lambda account, page: _signed_in(account))


@verb(
    login,
    "login",
    "pocketllm login --email me@example.org",
    "pass show mail | pocketllm login --email me@example.org --password-stdin",
    "pocketllm login --otp",
    "pocketllm login --provider github",
)
def sign_in(
    ctx: typer.Context,
    email: EmailOption = None,
    password_stdin: PasswordOption = False,
    otp: Annotated[
        bool, typer.Option("--otp", help="With a code that is mailed, without a password.")
    ] = False,
    code_stdin: Annotated[
        bool,
        typer.Option("--code-stdin", help="With --otp: read the code mailed before from stdin."),
    ] = False,
    browser: Annotated[
        bool,
        typer.Option("--browser", help="In the browser: by a mailed link, or with --provider."),
    ] = False,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="On the page of github, google, azure …"),
    ] = None,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="The browser is elsewhere: paste the address it ends at."),
    ] = False,
) -> None:
    """Sign in with email and password, a mailed code, or the browser.

    Without a terminal the password comes from --password-stdin or POCKETLLM_PASSWORD.
    """
    app = app_of(ctx)
    uses_browser = browser or provider is not None or paste
    uses_code = otp or code_stdin
    if uses_code + uses_browser + password_stdin > 1:
        raise UsageProblem("Choose one way to sign in: password, --otp or --browser.")
    if uses_code:
        session = sign_in_with_code(app, _email(app, email), from_stdin=code_stdin)
    elif uses_browser:
        address = None if provider else _email(app, email)
        session = sign_in_with_browser(app, provider=provider, email=address, wants_paste=paste)
    else:
        address = _email(app, email)
        password = _password(app, from_stdin=password_stdin, is_new=False)
        session = app.run(lambda api: api.auth.sign_in(address, password))
    account = app.run(lambda api: _keep(api, session))
    app.remembered.forget()
    app.console.emit(account, lambda account, page: _signed_in(account))


@verb(logout, "logout", "pocketllm logout")
def sign_out(ctx: typer.Context) -> None:
    """Sign out and forget the session.

    The session is removed from this machine even if the backend cannot be told.
    """
    app = app_of(ctx)

    async def work(api: Api) -> tuple[Session | None, PocketLLMError | None]:
        session = await api.sessions.forget()
        if session is None or not session.access_token:
            return None, None
        if app.context.is_embedded and not app.embedded.is_alive():
            return session, None
        return session, await api.sign_out_quietly(session.access_token)

    session, problem = app.run(work)
    app.remembered.forget()
    if problem:
        app.console.warn("The backend could not be told; its side of the session ends by itself.")
    app.console.say("Signed out." if session else "You were not signed in.")


@verb(whoami, "whoami", "pocketllm whoami", "pocketllm whoami --token")
def show_account(
    ctx: typer.Context,
    token: Annotated[
        bool, typer.Option("--token", help="Print the access token, for other programs.")
    ] = False,
) -> None:
    """Show who is signed in, and where."""
    app = app_of(ctx)

    async def read_token(api: Api) -> str:
        await api.locator.locate()
        return await api.sessions.access_token()

    if token:
        access_token = app.run(read_token)
        if app.invocation.as_json:
            app.console.write_json({"access_token": access_token})
        else:
            app.console.write_line(access_token)
        return
    account = app.run(lambda api: api.account())
    app.console.emit(
        account,
        lambda account, page: page.fields(
            [
                ("email", account.email),
                ("id", account.id),
                ("context", account.context),
                ("url", account.url),
            ]
        ),
    )


async def _keep(api: Api, session: Session) -> Account:
    await api.sessions.keep(session)
    return await api.account()


def _signed_in(account: Account) -> str:
    return f"Signed in as {clean_line(account.email or account.id)} in context {account.context}."


def _email(app: App, given: str | None) -> str:
    email = given or app.settings.email
    if not email and app.console.can_ask:
        email = app.console.ask_line("Email:").strip()
    if not email:
        raise UsageProblem("There is no email.", hint="Give `--email`, or set POCKETLLM_EMAIL.")
    return email


def _password(app: App, *, from_stdin: bool, is_new: bool) -> str:
    if from_stdin:
        password = (read_piped_text(app.console.narrate) or "").rstrip("\r\n")
    elif app.settings.password:
        password = app.settings.password
    elif app.console.can_ask:
        password = app.console.ask_secret("Password:")
        if is_new and password != app.console.ask_secret("Again:"):
            raise UsageProblem("The two passwords differ.")
    else:
        password = ""
    if not password:
        raise UsageProblem(
            "There is no password.", hint="Use `--password-stdin`, or set POCKETLLM_PASSWORD."
        )
    return password
