"""The chat screen: the chats, one of them open, and the composer."""

from typing import Final

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Static

from pocketllm_cli.errors import BackendUnreachable, PocketLLMError
from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.live import ChatChanged, ChatGone, ConnectionBack, ConnectionGone
from pocketllm_cli.tui.messages import (
    ConfigsChanged,
    Failed,
    ModelChosen,
    ModelsLoaded,
    Moved,
    Narrated,
    OlderTurnsWanted,
    OpenChat,
    PageLoaded,
    SignedIn,
    SignInWanted,
)
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.app_screen import needs_sign_in, told
from pocketllm_cli.tui.screens.listing import ListingScreen
from pocketllm_cli.tui.widgets.chat_list import ChatList
from pocketllm_cli.tui.widgets.composer import Composer
from pocketllm_cli.tui.widgets.conversation import Conversation
from pocketllm_cli.tui.widgets.status_line import StatusLine, describe_usage

_NARROW: Final = 90
_WELCOME: Final = "Write below and press Enter. Ctrl+P has every command, F1 every key."


class ChatScreen(ListingScreen):
    """Shows one chat; others go on being answered while it is shown."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "#prompt"
    BINDINGS = [
        # With priority the focus moves before the letters that are typed behind them go out.
        bind("chat.list", "go_to_chats", priority=True),
        bind("chat.sidebar", "toggle_chats"),
        bind("chat.messages", "go_to_messages", priority=True),
        bind("messages.write", "write"),
    ]

    status = getters.query_one(StatusLine)

    def __init__(self, parts: Parts, first_chat: Chat | None = None) -> None:
        super().__init__(parts)
        self._first_chat = first_chat
        self._is_connected = False
        self._failure: PocketLLMError | None = None
        self._notices: list[str] = []

    def compose(self) -> ComposeResult:
        with Horizontal(id="body"):
            yield ChatList()
            with Vertical(id="main"):
                yield Static(id="title", markup=False)
                yield Conversation()
                yield Composer(
                    self.parts.folder,
                    self.parts.options.keys,
                    is_still=self.parts.options.is_still,
                )
        yield StatusLine()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.take_up_outbox()
        if self._first_chat is not None:
            self.open_chat(self._first_chat)
        else:
            self.begin_chat()
        self.composer.area.focus()
        self.chats_changed()
        self.call_after_refresh(self._begin_reading)

    def _begin_reading(self) -> None:
        """Go to the backend once there is something to look at: loading httpx takes a while."""
        self.is_reading = True
        if self._first_chat is not None:
            self.load_page(self._first_chat.id)
        self.read_chats()
        self.load_models()
        self.listen()

    @on(events.ScreenResume)
    def _take_options(self) -> None:
        """Go by what may have been changed in the settings."""
        options = self.parts.options
        self.composer.area.take_keys(options.keys)
        self.composer.area.cursor_blink = options.animation and not options.is_still
        self.conversation.take_look(options.look)

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _NARROW, "-narrow")

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
            case ChatChanged(chat):
                self._take_chat(chat)
                if chat.id == self.current.chat.id:
                    self._reload()
                elif chat.id in self.opened:
                    self.opened[chat.id].is_loaded = False

    @on(OpenChat)
    def _take_choice(self, event: OpenChat) -> None:
        self.remove_class("-peeking")
        if event.chat.id in self._chats:
            event = OpenChat(self._chats[event.chat.id])
        self._take_chat(event.chat)
        self.open_chat(event.chat)
        self.composer.area.focus()

    @on(PageLoaded)
    def _take_page(self, event: PageLoaded) -> None:
        opened = self.opened.get(event.chat_id)
        if opened is None:
            return
        if event.is_older:
            opened.take_older(event.page)
        else:
            opened.take_page(event.page)
            self.follow_if_streaming(opened)
        self.show_chat(opened)

    @on(OlderTurnsWanted)
    def _load_older(self) -> None:
        if self.current.older_id is not None:
            self.load_page(self.current.chat.id, self.current.older_id)

    @on(ModelsLoaded)
    def _take_models(self, event: ModelsLoaded) -> None:
        self.models = event.configs
        self._show_status()

    @on(ModelChosen)
    def _take_model(self, event: ModelChosen) -> None:
        event.stop()  # the app would hand it on to us once more
        self.use_model(self.current, event.config.id)
        self.tell(f"{event.config.name} answers in this chat from now on.")

    @on(ConfigsChanged)
    def _read_models_again(self, event: ConfigsChanged) -> None:
        event.stop()
        self.load_models()

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
            self._show_notice()

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
            self._show_notice()

    def _reload(self) -> None:
        if self.current.is_stored and self.current.running is None:
            self.load_page(self.current.chat.id)

    def chat_shown(self, opened: OpenedChat) -> None:
        """Show what stands around the turns of the chat."""
        title = clean_line(opened.chat.title)
        self.query_one("#title", Static).update(Content(title))
        self.app.title = title
        self.chats_changed()
        self._show_notice()
        self._show_status()

    def _show_notice(self) -> None:
        opened, text = self.current, ""
        is_failing = self._failure is not None
        if self._failure is not None:
            text = told(self._failure)
        elif not opened.is_loaded:
            text = "Reading the chat …"
        elif not self._is_connected and self._notices:
            text = "\n".join([_WELCOME, "", *self._notices])
        elif not opened.stored and opened.running is None and not opened.waiting:
            text = _WELCOME
        self.conversation.say(text, is_failure=is_failing)

    def _show_status(self) -> None:
        answers = [turn.message.metadata or {} for turn in self.current.stored]
        self.status.usage = describe_usage(answers)
        self.status.model = self._model_name()
        self.status.running = "answering" if self.current.running else ""

    def _model_name(self) -> str:
        wanted = self.current.chat.model_config_id
        config = next((each for each in self.models if each.id == wanted), None)
        config = config or next((each for each in self.models if each.is_default), None)
        return (
            config.name if config else "local model" if self.parts.api.context.is_embedded else ""
        )

    def action_go_to_chats(self) -> None:
        self.remove_class("-hidden")
        self.set_class(self.has_class("-narrow"), "-peeking")
        self.set_focus(self.chat_list.search)  # at once: `focus()` lets typed letters overtake it

    def action_toggle_chats(self) -> None:
        self.toggle_class("-peeking" if self.has_class("-narrow") else "-hidden")
        if not self.chat_list.display or not self.has_class("-peeking"):
            self.composer.area.focus()

    def action_go_to_messages(self) -> None:
        self.conversation.focus()
        self.conversation.action_select(0)

    def action_write(self) -> None:
        self.remove_class("-peeking")
        self.composer.area.focus()
