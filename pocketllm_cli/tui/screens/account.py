"""The account: who is signed in, where, and the way out."""

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.api.sessions import LOCAL_EMAIL
from pocketllm_cli.columns import Page
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import ReopenWanted, SignInWanted
from pocketllm_cli.tui.place_messages import AccountRead
from pocketllm_cli.tui.screens.dialogs import Confirm
from pocketllm_cli.tui.screens.place import PlaceScreen

_FIXED = "The token comes from POCKETLLM_ACCESS_TOKEN; unset it to sign in here."


class AccountScreen(PlaceScreen):
    """Shows who is signed in, signs in as somebody else, and signs out."""

    BINDINGS = [bind("account.sign_in", "sign_in"), bind("account.sign_out", "sign_out")]
    HEADING = "Account"
    WAITING = "Asking who is signed in …"

    page = getters.query_one("#page", Static)

    def compose_content(self) -> ComposeResult:
        yield Static(id="page", markup=False)

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Ask the backend."""
        try:
            account = await self.parts.api.account()
        except PocketLLMError as error:
            self.failed("read the account", error)
        else:
            self.post_message(AccountRead(account))

    @on(AccountRead)
    def _show(self, event: AccountRead) -> None:
        account = event.account
        is_local = account.email == LOCAL_EMAIL
        who = "the local account of this machine" if is_local else account.email
        pairs = [
            ("Signed in as", who or account.id),
            ("Context", account.context),
            ("Address", account.url),
            ("Id", account.id),
        ]
        text = Page(None).fields(pairs)
        if self.parts.api.sessions.fixed_token:
            text += f"\n\n{_FIXED}"
        elif is_local:
            text += "\n\nIt was made by itself and needs no password: only this machine has it."
        self.page.update(Content(text))
        self.show_content()

    def action_sign_in(self) -> None:
        """Sign in as somebody else."""
        if self.parts.api.sessions.fixed_token:
            self.tell(_FIXED)
        else:
            self.post_message(SignInWanted())

    @work(group="sign-out", exclusive=True)
    async def action_sign_out(self) -> None:
        """Forget the session, here and at the backend, once the person agrees."""
        sessions = self.parts.api.sessions
        if sessions.fixed_token:
            self.tell(_FIXED)
            return
        name = clean_line(self.parts.api.context.name)
        if not await self.app.push_screen_wait(Confirm(f"Sign out of {name}?", deed="Sign out")):
            return
        try:
            session = await sessions.forget()
        except PocketLLMError as error:
            self.failed("sign out", error)
            return
        if session is not None and session.access_token:
            await self.parts.api.sign_out_quietly(session.access_token)
        self.post_message(ReopenWanted(self.parts.api.context.name))
