"""The help: the keys of the part that had the focus, and all others by their group."""

from collections.abc import Sequence

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from pocketllm_cli.tui.keys import KEYS, keys_of, shown_key
from pocketllm_cli.tui.screens.place import PlaceScreen

_GROUPS = {
    "app": "Everywhere",
    "go": "To the other screens",
    "chat": "The chat",
    "composer": "Writing",
    "messages": "Messages, when they have the focus",
    "chats": "The list of chats",
    "dialog": "Questions",
    "gallery": "Images, when the gallery has the focus",
    "form": "Forms",
    "place": "The screens beside the chat",
    "signin": "Signing in",
}
_HERE = "What had the focus"
_WIDE, _ROOM, _LITTLE_ROOM = 80, 32, 18
"""From how many columns on, and otherwise, so many are left for keys."""


class HelpScreen(PlaceScreen):
    """Lists keys; typing narrows them down."""

    CSS_PATH = ["place.tcss", "help.tcss"]
    HEADING = "Keys"

    search = getters.query_one(Input)
    page = getters.query_one("#page", Static)

    def compose_content(self) -> ComposeResult:
        yield Input(placeholder="Search", compact=True)
        with VerticalScroll(can_focus=False):
            yield Static(id="page", markup=False)

    def begin(self) -> None:
        """Show all keys."""
        self._here = keys_in_reach(self.app.screen_stack)
        self.show_content()
        self.search.focus()
        self._show()

    @on(events.Resize)
    @on(Input.Changed)
    def _show(self) -> None:
        words = self.search.value.casefold().split()
        sections = []
        room = _ROOM if self.size.width >= _WIDE else _LITTLE_ROOM
        for heading, lines in self._sections():
            if fitting := [each for each in lines if _fits(f"{heading} {each}", words)]:
                sections.append(_section(heading, fitting, room))
        found = Content("\n\n").join(sections)
        self.page.update(found if found.plain else Content("No such key."))

    def _sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        sections = [(_HERE, self._lines(self._here))] if self._here else []
        groups: dict[str, list[str]] = {}
        for key_id in KEYS:
            groups.setdefault(key_id.partition(".")[0], []).append(key_id)
        for group, key_ids in groups.items():
            sections.append((_GROUPS.get(group, group.capitalize()), self._lines(key_ids)))
        return sections

    def _lines(self, key_ids: Sequence[str]) -> list[tuple[str, str]]:
        changed = self.parts.options.keys
        return [
            (", ".join(map(shown_key, keys_of(key_id, changed))), KEYS[key_id].description)
            for key_id in key_ids
        ]


def keys_in_reach(screens: Sequence[Screen[object]]) -> list[str]:
    """Return the actions of the part that had the focus before the top screen came, by name."""
    if len(screens) < 2:
        return []
    before = screens[-2]
    found: dict[str, None] = {}
    for part in before.focused.ancestors_with_self if before.focused else [before]:
        for bindings in part._bindings.key_to_bindings.values():
            found |= {str(each.id): None for each in bindings if each.id in KEYS}
        if part is before:
            break
    return list(found)


def _section(heading: str, lines: Sequence[tuple[str, str]], room: int) -> Content:
    shown = [Content.assemble((heading, "bold $text-primary"))]
    for keys, description in lines:
        shown.append(Content.assemble((f"  {keys:<{room}}", "$text-accent"), f" {description}"))
    return Content("\n").join(shown)


def _fits(text: str, words: Sequence[str]) -> bool:
    return all(word in text.casefold() for word in words)
