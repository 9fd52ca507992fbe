"""The settings: colours, rendering and every key, each stored as soon as it is changed."""

from dataclasses import replace
from typing import Final

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.widgets import DataTable

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import KEYS, bind, conflict_of, keys_of, shown_key
from pocketllm_cli.tui.options import CHOICES, TerminalOptions
from pocketllm_cli.tui.screens.dialogs import AskLine, Choose
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.screens.press_key import PressKey
from pocketllm_cli.tui.themes import choose_theme
from pocketllm_cli.tui.widgets.row_table import RowTable

_OPTIONS: Final[dict[str, str]] = {
    "theme": "Theme",
    "markdown": "Show answers as Markdown",
    "timestamps": "Show when messages were written",
    "pictures": "Draw the pictures that went with questions",
    "animation": "Let things move",
    "mouse": "Take the mouse from the start",
    "window_title": "Call the window like the chat",
    "notify": "Tell of answers while you are away",
    "notify_after_seconds": "Only of those longer than, seconds",
}
_QUESTIONS: Final = {"theme": "Which colours?", "notify": "How are you told?"}
_OPTION: Final = "option:"
_KEY: Final = "key:"
_LONGEST_WAIT: Final = 86_400
_LEAST_ABOUT: Final = 20
_ROOM_FOR_VALUES: Final = 26


class SettingsScreen(PlaceScreen):
    """Lists the options and the keys; Enter changes one, Backspace takes its usual value."""

    BINDINGS = [bind("settings.change", "change"), bind("settings.reset", "reset")]
    HEADING = "Settings"

    table = getters.query_one(RowTable)

    def compose_content(self) -> ComposeResult:
        yield RowTable(("WHAT", "NOW", "NAME IN config.toml"))

    def begin(self) -> None:
        """Show what the app goes by."""
        options = self.parts.options
        rows = [
            (f"{_OPTION}{name}", (self._cut(about), _told(getattr(options, name)), name))
            for name, about in _OPTIONS.items()
        ]
        for key_id, key in KEYS.items():
            keys = ", ".join(map(shown_key, keys_of(key_id, options.keys)))
            mark = " *" if key_id in options.keys else ""
            about = f"{key_id.partition('.')[0].capitalize()}: {key.description}"
            rows.append((f"{_KEY}{key_id}", (self._cut(about), keys + mark, key_id)))
        self.table.show(rows)
        self.show_content()
        self.table.focus()

    @on(events.Resize)
    def _fit(self) -> None:
        if self._has_content:
            self.begin()

    def _cut(self, about: str) -> str:
        """Return what a line is about, short enough to leave room for what it is now."""
        most = max(_LEAST_ABOUT, self.size.width - _ROOM_FOR_VALUES)
        return about if len(about) <= most else f"{about[: most - 1]}…"

    @on(DataTable.RowSelected)
    @work(group="change", exclusive=True)
    async def action_change(self) -> None:
        """Give the line the cursor is on another value."""
        kind, _, name = (self.table.row_id or "").partition(":")
        if f"{kind}:" == _KEY:
            await self._ask_for_key(name)
        elif name in CHOICES:
            pairs = [(each, each) for each in CHOICES[name]]
            dialog = Choose(_QUESTIONS[name], pairs, getattr(self.parts.options, name))
            chosen = await self.app.push_screen_wait(dialog)
            if chosen is not None:
                self._set_option(name, chosen)
        elif name == "notify_after_seconds":
            await self._ask_for_seconds(name)
        else:
            self._set_option(name, not getattr(self.parts.options, name))

    async def _ask_for_seconds(self, name: str) -> None:
        now = str(getattr(self.parts.options, name))
        text = await self.app.push_screen_wait(AskLine("Seconds", now, most=6))
        if text is None:
            return
        if text.isdecimal() and int(text) <= _LONGEST_WAIT:
            self._set_option(name, int(text))
        else:
            self.tell(f"“{text}” is no number of seconds.", is_failure=True)

    async def _ask_for_key(self, key_id: str) -> None:
        key = await self.app.push_screen_wait(PressKey(KEYS[key_id].description))
        if key is None:
            return
        taken = conflict_of(key_id, key, self.parts.options.keys)
        if taken is not None:
            about = f"{taken} ({KEYS[taken].description})"
            self.tell(f"{shown_key(key)} belongs to {about} already.", is_failure=True)
        else:
            self._set_keys(key_id, key)

    def action_reset(self) -> None:
        """Give the line the cursor is on its usual value."""
        kind, _, name = (self.table.row_id or "").partition(":")
        if f"{kind}:" != _KEY:
            self._set_option(name, None)
            return
        for key in KEYS[name].keys.split(","):
            taken = conflict_of(name, key, self.parts.options.keys)
            if taken is not None:
                self.tell(f"{shown_key(key)} belongs to {taken} now; change that one first.")
                return
        self._set_keys(name, None)

    def _set_option(self, name: str, value: str | int | None) -> None:
        try:
            self._use(self.parts.config.set_option(name, value))
        except PocketLLMError as error:
            self.failed("store it", error)

    def _set_keys(self, key_id: str, keys: str | None) -> None:
        try:
            self._use(self.parts.config.set_keys(key_id, keys))
        except PocketLLMError as error:
            self.failed("store it", error)

    def _use(self, options: TerminalOptions) -> None:
        """Go by these options from now on."""
        is_still = self.parts.options.is_still
        self.parts.options = replace(options, is_still=is_still)
        self.app.theme = choose_theme(options.theme, is_light=self.parts.is_light)
        self.app.animation_level = "full" if options.animation and not is_still else "none"
        self.app.set_keymap(dict(options.keys))
        self.refresh_bindings()
        self.begin()


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean_line(str(value))
