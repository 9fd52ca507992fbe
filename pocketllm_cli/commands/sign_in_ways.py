"""Ways to sign in beside a password: a mailed code, and the browser."""

import secrets
import webbrowser
from typing import Any, Final
from urllib.parse import urlsplit

from pocketllm_cli.api.auth import new_verifier
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.loopback import Loopback, open_loopback
from pocketllm_cli.api.redirects import code_in_paste, path_for
from pocketllm_cli.app import App
from pocketllm_cli.errors import BackendProblem, CodeNeeded, UsageProblem
from pocketllm_cli.models import Session
from pocketllm_cli.piped_text import read_piped_text

_CODE_SENT: Final = "A code was mailed to {email}, if there is such an account."
_LINK_SENT: Final = "A link was mailed to {email}, if there is such an account. Open it {where}."
_HERE: Final = "in a browser on this machine"
_ANYWHERE: Final = "in any browser; it ends at a page that cannot be shown"
_GO_TO: Final = "Sign in at\n  {address}"
_PASTE: Final = "Paste the address of the page at which the browser ends:"
_NOWHERE: Final = "http://127.0.0.1:9"
"""Nobody listens there: the browser stops with the code in its address."""


def sign_in_with_code(app: App, email: str, *, from_stdin: bool) -> Session:
    """Have a code mailed and take it; from stdin, take the one that was mailed before.

    Raises:
        CodeNeeded: A code was mailed, and there is nobody to ask for it.
    """
    if from_stdin:
        code = (read_piped_text(app.console.narrate) or "").strip()
    else:
        app.run(lambda api: api.auth.send_code(email))
        app.console.narrate(_CODE_SENT.format(email=email))
        if not app.console.can_ask:
            raise CodeNeeded(
                "A code was mailed, and there is nobody to ask for it.",
                hint="Give it to `pocketllm login --otp --code-stdin`.",
            )
        code = app.console.ask_line("Code:").strip()
    if not code:
        raise UsageProblem("There is no code.", hint="It stands in the mail: six digits.")
    return app.run(lambda api: api.auth.sign_in_with_code(email, code))


def sign_in_with_browser(
    app: App, *, provider: str | None, email: str | None, wants_paste: bool
) -> Session:
    """Sign in on a provider's page, or by a mailed link, and have the browser bring a code.

    Over SSH, and where there is no browser, a person brings it.

    Args:
        email: Where the link is mailed to; needed where there is no provider.
    """
    terminal = app.settings.terminal
    if wants_paste or terminal.is_remote or not (terminal.has_browser or provider is None):
        return _with_paste(app, provider, email)

    async def work(api: Api) -> Session:
        verifier = new_verifier()
        async with open_loopback() as loopback:
            await _begin_here(app, api, loopback, provider, email, verifier)
            code = await loopback.wait()
        return await api.auth.sign_in_with_redirect(code, verifier)

    return app.run(work)


async def _begin_here(
    app: App, api: Api, loopback: Loopback, provider: str | None, email: str | None, verifier: Any
) -> None:
    address = await _begin(api, loopback.address, provider, email, verifier)
    if address is None:
        app.console.narrate(_LINK_SENT.format(email=email, where=_HERE))
        return
    app.console.warn(_GO_TO.format(address=address))
    webbrowser.open(address)


def _with_paste(app: App, provider: str | None, email: str | None) -> Session:
    verifier, state = new_verifier(), secrets.token_urlsafe(24)
    redirect_to = f"{_NOWHERE}{path_for(state)}"
    address = app.run(lambda api: _begin(api, redirect_to, provider, email, verifier))
    if address is None:
        app.console.warn(_LINK_SENT.format(email=email, where=_ANYWHERE))
    else:
        app.console.warn(_GO_TO.format(address=address))
    if app.console.can_ask:
        pasted = app.console.ask_line(_PASTE)
    else:
        pasted = read_piped_text(app.console.narrate) or ""
    code = code_in_paste(pasted, state)
    return app.run(lambda api: api.auth.sign_in_with_redirect(code, verifier))


async def _begin(
    api: Api, redirect_to: str, provider: str | None, email: str | None, verifier: Any
) -> str | None:
    """Return the page to open; None where a link was mailed."""
    if provider is None:
        assert email, "a link is mailed to somebody"
        await api.auth.send_link(email, redirect_to, verifier)
        return None
    address = await api.auth.provider_address(provider, redirect_to, verifier)
    if urlsplit(address).scheme not in ("http", "https"):  # it is handed to another program
        raise BackendProblem("The backend's address is none that a browser can open.")
    return address
