"""Where one signs in or makes an account: with a password, or with a code from a mail."""

from typing import Final, Literal

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Button, Footer, Input, Static

from pocketllm_cli.contexts import EMBEDDED
from pocketllm_cli.errors import NotSignedIn, PocketLLMError
from pocketllm_cli.models import Session
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind, field_bindings
from pocketllm_cli.tui.messages import Failed, ReopenWanted, SignedIn
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import CodeSent, SessionMade
from pocketllm_cli.tui.screens.app_screen import AppScreen, told
from pocketllm_cli.tui.widgets.field import Field

Way = Literal["in", "up", "code"]
_DEEDS: Final[dict[str, str]] = {
    "in": "Sign in",
    "up": "Make the account",
    "code": "Sign in with the code",
}


class SignInScreen(AppScreen):
    """Signs in; the same account goes on where it was, another one begins the app anew.

    Args:
        reason: Why it is shown: nobody is signed in, or a session ended.
    """

    CSS_PATH = ["form.tcss", "sign_in.tcss"]
    BINDINGS = [
        bind("place.back", "back"),
        bind("signin.local", "use_local", priority=True),
        *field_bindings(),
    ]

    way: reactive[Way] = reactive[Way]("in", init=False)
    """What the first button does."""

    said = getters.query_one("#said", Static)
    email = getters.query_one("#field-email Input", Input)
    password = getters.query_one("#field-password Input", Input)
    again = getters.query_one("#field-again Input", Input)
    code = getters.query_one("#field-code Input", Input)

    def __init__(self, parts: Parts, reason: PocketLLMError | None = None) -> None:
        super().__init__(parts)
        self._reason = reason
        self._email_before = parts.email

    def compose(self) -> ComposeResult:
        context = clean_line(self.parts.api.context.name)
        with VerticalScroll(id="box", can_focus=False):
            yield Static(Content(f"Sign in · {context}"), classes="heading", markup=False)
            reason = clean_line(self._reason.message) if self._reason else ""
            yield Static(Content(reason), id="reason", markup=False)
            yield Field("email", "Email", self._email_input())
            yield Field("password", "Password", Input(password=True, compact=True))
            yield Field("again", "Password again", Input(password=True, compact=True))
            yield Field("code", "Code from the mail", Input(compact=True))
            yield Static(id="said", markup=False)
            with Horizontal(id="ways"):
                yield Button(_DEEDS["in"], id="do", variant="primary", compact=True)
                yield Button("Make an account", id="up", compact=True)
                yield Button("Mail me a code", id="send", compact=True)
            if not self.parts.api.context.is_embedded:
                key = self.key("signin.local")
                text = f"{key} uses the backend on this machine instead: no account is needed."
                yield Static(Content(text), id="local", markup=False)
        yield Footer(compact=True, show_command_palette=False)

    def _email_input(self) -> Input:
        return Input(self._email_before or "", placeholder="you@example.org", compact=True)

    def on_mount(self) -> None:
        self._fit("in")
        # at once: `focus()` lets typed letters overtake it
        self.set_focus(self.password if self.email.value else self.email)

    def watch_way(self, way: Way) -> None:
        self._fit(way)

    def _fit(self, way: Way) -> None:
        self.query_one("#field-password").display = way != "code"
        self.query_one("#field-again").display = way == "up"
        self.query_one("#field-code").display = way == "code"
        self._label("#do", _DEEDS[way])
        self._label("#up", "I have an account" if way == "up" else "Make an account")

    def _label(self, button: str, label: str) -> None:
        found = self.query_one(button, Button)
        found.label = label
        found.refresh(layout=True)  # its width is that of the label

    @on(Button.Pressed, "#up")
    def _switch(self) -> None:
        self._say("")
        self.way = "in" if self.way == "up" else "up"
        self.email.focus()

    @on(Button.Pressed, "#send")
    def _ask_for_code(self) -> None:
        if self._has_email():
            self._say("Asking for a code …")
            self.send_code(self.email.value.strip())

    @on(Button.Pressed, "#do")
    @on(Input.Submitted)
    def _do(self) -> None:
        if not self._has_email():
            return
        if self.way == "up" and self.password.value != self.again.value:
            self._say("The two passwords differ.", is_failure=True)
            self.again.focus()
            return
        control = self.code if self.way == "code" else self.password
        if not control.value.strip():
            self._say(
                "The code is missing." if self.way == "code" else "The password is missing.",
                is_failure=True,
            )
            control.focus()
            return
        self._say("One moment …")
        self.obtain(self.way, self.email.value.strip(), control.value)

    def _has_email(self) -> bool:
        if "@" in self.email.value.strip(" @"):
            return True
        self._say("That is no email address.", is_failure=True)
        self.email.focus()
        return False

    @work(group="sign-in", exclusive=True)
    async def obtain(self, way: Way, email: str, secret: str) -> None:
        """Get a session from the backend and keep it."""
        auth = self.parts.api.auth
        try:
            session: Session | None
            if way == "up":
                session = await auth.sign_up(email, secret)
            elif way == "code":
                session = await auth.sign_in_with_code(email, secret.strip())
            else:
                session = await auth.sign_in(email, secret)
            if session is not None:
                await self.parts.api.sessions.keep(session)
        except PocketLLMError as error:
            self.post_message(Failed("sign in", error))
            return
        if session is None:
            self.post_message(CodeSent("Almost done: open the link in the mail, then sign in."))
        else:
            self.post_message(SessionMade(session))

    @work(group="sign-in", exclusive=True)
    async def send_code(self, email: str) -> None:
        """Have a code mailed."""
        try:
            await self.parts.api.auth.send_code(email)
        except PocketLLMError as error:
            self.post_message(Failed("send a code", error))
        else:
            self.post_message(CodeSent("If there is such an account, a code is in the mail."))

    @on(CodeSent)
    def _wait_for_mail(self, event: CodeSent) -> None:
        if self.way == "up":
            self.way = "in"
        else:
            self.way = "code"
            self.code.focus()
        self._say(event.text)

    @on(SessionMade)
    def _leave(self, event: SessionMade) -> None:
        if self._reason is not None and event.session.email == self._email_before:
            self.app.pop_screen()
            self.app.post_message(SignedIn())
        else:
            self.post_message(ReopenWanted(self.parts.api.context.name))

    @on(Failed)
    def _show_failure(self, event: Failed) -> None:
        event.stop()
        event.prevent_default()
        error = event.error
        # the hints of these name commands; here one only types again
        text = clean_line(error.message) if isinstance(error, NotSignedIn) else told(error)
        self._say(f"Could not {event.deed}: {text}", is_failure=True)

    def _say(self, text: str, *, is_failure: bool = False) -> None:
        self.said.update(Content(text))
        self.said.set_class(is_failure, "-failed")

    def action_back(self) -> None:
        """Leave; what needs an account goes on failing."""
        self.app.pop_screen()

    def action_use_local(self) -> None:
        """Use the backend on this machine, now and from now on."""
        try:
            self.parts.config.use_context(EMBEDDED.name)
        except PocketLLMError as error:
            self.post_message(Failed("use the backend on this machine", error))
        else:
            self.post_message(ReopenWanted(EMBEDDED.name))
