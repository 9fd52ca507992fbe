"""The terminal app: its colours, its first screen, the keys that work everywhere."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.driver import Driver
from textual.screen import Screen

from pocketllm_cli.models import Chat
from pocketllm_cli.tui.attention import attention_sequence
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.lasting_output import with_lasting_output
from pocketllm_cli.tui.messages import CopyWanted, LongAnswerEnded, Narrated
from pocketllm_cli.tui.navigating import NavigatingApp
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.places import place_commands
from pocketllm_cli.tui.screens.app_screen import AppScreen
from pocketllm_cli.tui.screens.chat import ChatScreen
from pocketllm_cli.tui.themes import THEME_NAMES, THEMES, choose_theme
from pocketllm_cli.tui.window_title import title_sequence


class TerminalApp(NavigatingApp):
    """Shows screens; what they do is theirs."""

    # The chat is there from the start, so its styles are read together with the app's own.
    CSS_PATH = ["app.tcss", "screens/chat.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.quit", "quit", priority=True),
        bind("app.interrupt", "interrupt", priority=True),
        bind("app.palette", "command_palette", priority=True),
        bind("app.help", "open('help')", priority=True),
        bind("go.models", "open('models')", priority=True),
        bind("go.usage", "open('usage')", priority=True),
        bind("go.profile", "open('profile')", priority=True),
        bind("go.contexts", "open('contexts')", priority=True),
        bind("go.account", "open('account')", priority=True),
        bind("go.settings", "open('settings')", priority=True),
        bind("go.images", "open('images')", priority=True),
        bind("go.files", "open('files')", priority=True),
        bind("app.keys", "open('help')"),
        bind("app.mouse", "toggle_mouse"),
        bind("app.theme", "next_theme"),
    ]

    def __init__(self, parts: Parts, first_chat: Chat | None = None) -> None:
        super().__init__(parts)
        self._first_chat = first_chat
        self._has_mouse = parts.options.mouse
        for theme in THEMES:
            self.register_theme(theme)
        self._begin_with_theme(choose_theme(parts.options.theme, is_light=parts.is_light))
        self.set_keymap(dict(parts.options.keys))
        if parts.options.is_still or not parts.options.animation:
            self.animation_level = "none"

    @property
    def failure(self) -> Exception | None:
        """What ended the app though it should not have."""
        return self._exception

    def get_driver_class(self) -> type[Driver]:
        """Return what paints: it lets the app end when its terminal is closed."""
        return with_lasting_output(super().get_driver_class())

    def get_default_screen(self) -> ChatScreen:
        """Return the chat, which lies under every other screen."""
        return ChatScreen(self.parts, self._first_chat)

    def on_mount(self) -> None:
        self.parts.clipboard.write = self.write_sequence
        chat = self.screen_stack[0]
        self.parts.narrator.tell_to(lambda text: chat.post_message(Narrated(text)))

    def watch_title(self, title: str) -> None:
        if self.parts.options.window_title:
            self.write_sequence(title_sequence(title))

    @on(LongAnswerEnded)
    def call_for_attention(self, event: LongAnswerEnded) -> None:
        """Tell a person whose terminal says that it has not the focus."""
        if not self.app_focus:
            options, settings = self.parts.options, self.parts.settings
            self.write_sequence(attention_sequence(event.title, options.notify, settings))

    def write_sequence(self, sequence: str) -> None:
        """Send a control sequence of ours to the terminal."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the way that works here, rather than by OSC 52 alone."""
        self._clipboard = text
        screens = [each for each in self.screen_stack if isinstance(each, AppScreen)]
        screens[-1].post_message(CopyWanted(text, "the selection"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: the screen's own things first."""
        if isinstance(screen, AppScreen):
            yield from screen.commands()
        yield from place_commands(screen)
        yield SystemCommand("Theme", "Take the next colours", self.action_next_theme)
        yield SystemCommand("Mouse", "Free the mouse, or take it again", self.action_toggle_mouse)
        yield SystemCommand("Quit", "Leave PocketLLM", self.action_quit)

    async def action_quit(self) -> None:
        """Leave once every screen has brought its things in order."""
        await self.leave(None)

    async def action_interrupt(self) -> None:
        """Copy what is selected, stop what runs, or leave when asked twice."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, AppScreen):
                if screen.interrupt():
                    await self.action_quit()
                return

    def action_next_theme(self) -> None:
        """Take the next colours."""
        names = THEME_NAMES[1:]
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]
        self.notify(f"Theme: {self.theme}. Keep it in the settings.")

    def action_toggle_mouse(self) -> None:
        """Give the mouse to the terminal, for its own selection, or take it again."""
        self._has_mouse = not self._has_mouse
        if self._driver is not None:
            switch = "_enable_mouse_support" if self._has_mouse else "_disable_mouse_support"
            self._driver._mouse = True  # else neither does anything
            getattr(self._driver, switch, lambda: None)()
            self._driver._mouse = self._has_mouse  # what holds after the editor was open
        self.notify("The app has the mouse." if self._has_mouse else "The terminal has the mouse.")

    def _begin_with_theme(self, name: str) -> None:
        """Take the first colours before anything is styled; changing them styles all anew."""
        self.set_reactive(App.theme, name)
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self.stylesheet.set_variables(self.get_css_variables())

    def _fatal_error(self) -> None:
        """End without Textual's own page: whoever opened us reports what went wrong."""
        self._close_messages_no_wait()
