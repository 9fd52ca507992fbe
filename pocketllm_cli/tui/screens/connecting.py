"""The part of the chat screen that follows what happens elsewhere, and the connection to it."""

from textual import getters, on

from pocketllm_cli.errors import BackendUnreachable, PocketLLMError
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.live import (
    ChatChanged,
    ChatGone,
    ConnectionBack,
    ConnectionGone,
    MessagesGone,
)
from pocketllm_cli.tui.messages import Failed, Moved, Narrated, SignedIn, SignInWanted
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.app_screen import needs_sign_in, told
from pocketllm_cli.tui.screens.listing import ListingScreen
from pocketllm_cli.tui.widgets.status_line import StatusLine


class ConnectingScreen(ListingScreen):
    """Says in place of turns what there is to be said of the connection."""

    status = getters.query_one(StatusLine)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._is_connected = False
        self._failure: PocketLLMError | None = None
        self._notices: list[str] = []

    @on(Moved)
    def _take_change(self, event: Moved) -> None:
        match event.change:
            case ConnectionGone(error):
                self.went_offline(error)
            case ConnectionBack():
                self.came_online()
                self.read_chats()
                self._reload()
            case ChatGone(chat_id):
                self._forget(chat_id)
            case MessagesGone(message_ids):
                self._take_deleted(message_ids)
            case ChatChanged(chat):
                self._take_chat(chat)
                if chat.id == self.current.chat.id:
                    self._reload()
                elif chat.id in self.opened:
                    self.opened[chat.id].is_loaded = False

    def _take_deleted(self, message_ids: frozenset[str]) -> None:
        for opened in list(self.opened.values()):
            if not opened.forget(message_ids):
                continue
            if opened is self.current:
                self.show_chat(opened)
                self._reload()
            else:
                opened.is_loaded = False

    @on(SignedIn)
    def _go_on(self, event: SignedIn) -> None:
        event.stop()
        self._failure = None
        self.listen()
        self.read_chats()
        self.load_models()

    @on(Narrated)
    def _show_narration(self, event: Narrated) -> None:
        self.status.running = clean_line(event.text)
        if not self._is_connected:
            self._notices.append(event.text)
            self.show_notice()

    @on(Failed)
    def _show_first_failure(self, event: Failed) -> None:
        """Until there is a connection the failure is the page, and no notice beside it."""
        if self._is_connected:
            return
        event.prevent_default()
        event.stop()
        self.went_offline(event.error)

    def came_online(self) -> None:
        """Show that the backend answers, and send what waited for it."""
        self._is_connected, self._failure = True, None
        self.status.connection, self.status.running = "online", ""
        self._notices.clear()
        self.empty_outbox()
        self.show_chat(self.current)

    def went_offline(self, error: PocketLLMError) -> None:
        """Show that the backend cannot be reached; it is tried again without being asked."""
        if needs_sign_in(error):
            self.post_message(SignInWanted(error))
        is_away = isinstance(error, BackendUnreachable)
        self.status.connection = "offline, trying again" if is_away else "not connected"
        if not self._is_connected:
            self._failure = error
            self.show_notice()

    def _reload(self) -> None:
        if self.current.is_stored and self.current.running is None:
            self.load_page(self.current.chat.id)

    def show_notice(self) -> None:
        """Say what stands in place of turns: what is wrong, what is done, or how to begin."""
        opened, text = self.current, ""
        is_failing = self._failure is not None
        if self._failure is not None:
            text = told(self._failure)
        elif not opened.is_loaded:
            text = "Reading the chat …"
        elif not self._is_connected and self._notices:
            text = "\n".join([self._welcome, "", *self._notices])
        elif not opened.stored and opened.running is None and not opened.waiting:
            text = self._welcome
        self.conversation.say(text, is_failure=is_failing)

    @property
    def _welcome(self) -> str:
        send, commands, keys = map(self.key, ("composer.send", "app.palette", "app.help"))
        return f"Write below and press {send}. {commands} has every command, {keys} every key."
