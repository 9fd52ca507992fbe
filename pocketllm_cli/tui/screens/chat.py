"""The chat screen: the chats, one of them open, and the composer."""

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Static

from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.list_messages import ArchiveShown
from pocketllm_cli.tui.messages import (
    ConfigsChanged,
    ModelChosen,
    ModelsLoaded,
    OlderTurnsWanted,
    OpenChat,
    PageLoaded,
)
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.connecting import ConnectingScreen
from pocketllm_cli.tui.widgets.chat_list import ChatList
from pocketllm_cli.tui.widgets.composer import Composer
from pocketllm_cli.tui.widgets.conversation import Conversation
from pocketllm_cli.tui.widgets.status_line import StatusLine, describe_usage

_NARROW: Final = 90
_PROBLEM_SECONDS: Final = 20.0


class ChatScreen(ConnectingScreen):
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

    def __init__(self, parts: Parts, first_chat: Chat | None = None) -> None:
        super().__init__(parts)
        self._first_chat = first_chat

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
        for problem in self.parts.problems:
            self.tell(problem, is_failure=True, seconds=_PROBLEM_SECONDS)
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
        self.composer.chips.removal_key = self.key("composer.detach")
        self.conversation.take_look(options.look)

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        is_narrow = event.size.width < _NARROW
        self.set_class(is_narrow, "-narrow")
        if is_narrow and self.focused and self.chat_list in self.focused.ancestors:
            self.add_class("-peeking")  # whoever is in the list goes on seeing it

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

    def chat_shown(self, opened: OpenedChat) -> None:
        """Show what stands around the turns of the chat."""
        away = " (archived)" if opened.chat.archived_at else ""
        title = clean_line(opened.chat.title) + away
        self.query_one("#title", Static).update(Content(title))
        self.app.title = title
        self.chats_changed()
        self.show_notice()
        self._show_status()

    def _show_status(self) -> None:
        answers = [turn.message.metadata or {} for turn in self.current.stored]
        self.status.usage = describe_usage(answers)
        self.status.model = self._model_name()
        self.status.running = "answering" if self.current.running else ""

    def show_activity(self, opened: OpenedChat, text: str) -> None:
        """Show what goes on before an answer."""
        if opened is self.current:
            self.status.running = text

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

    def action_show_archive(self) -> None:
        """Show the archive, or the other chats again, and go there."""
        self.post_message(ArchiveShown())
        self.action_go_to_chats()

    def action_toggle_chats(self) -> None:
        self.toggle_class("-peeking" if self.has_class("-narrow") else "-hidden")
        if not self.chat_list.display or not self.has_class("-peeking"):
            self.composer.area.focus()

    def action_stop(self) -> None:
        """Leave the chats where they cover the chat; else what one writes or waits for."""
        if self.has_class("-peeking"):
            self.action_write()
        else:
            super().action_stop()

    def action_go_to_messages(self) -> None:
        self.conversation.focus()
        self.conversation.action_select(0)

    def action_write(self) -> None:
        self.remove_class("-peeking")
        self.composer.area.focus()
