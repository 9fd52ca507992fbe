"""An app that outlasts what Textual 8.2 does not: a few columns, a key before a list is there."""

from typing import Final, cast

from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.events import Event, Resize
from textual.geometry import Size

from pocketllm_cli.tui.messages import ReopenWanted

_LEAST: Final = Size(20, 6)
"""What is laid out in a smaller terminal. It is cut off there, but text that is to be wrapped into
no columns, and a list of no rows that is paged, would end the app."""


class EnduringApp(App[ReopenWanted | None]):
    """Lays out at least a little, and shows commands that wait for their list."""

    @property
    def size(self) -> Size:
        """The terminal's size, or the least that is laid out."""
        return _at_least(super().size)

    async def on_event(self, event: Event) -> None:
        """Take an event; a terminal that got too small is told as the least one."""
        if isinstance(event, Resize):
            event = Resize(_at_least(event.size), _at_least(event.virtual_size))
        await super().on_event(event)

    def action_command_palette(self) -> None:
        """Show the commands."""
        if not CommandPalette.is_open(cast("App[object]", self)):
            self.push_screen(Commands(id="--command-palette"))


class Commands(CommandPalette):
    """The command palette; keys that come before its list is laid out do nothing."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


def _at_least(size: Size) -> Size:
    return Size(max(size.width, _LEAST.width), max(size.height, _LEAST.height))
