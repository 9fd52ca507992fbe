"""The chats of the account, newest first under the days they were used, with a search field."""

from datetime import datetime
from typing import Final

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from pocketllm_cli.folding import folded
from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.days import group_by_day
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.list_messages import (
    ArchiveShown,
    ArchiveWanted,
    ChatSearchWanted,
    DeleteWanted,
    MoreChatsWanted,
    OpenFound,
    RenameWanted,
)
from pocketllm_cli.tui.messages import OpenChat

_NEAR_END: Final = 5


class ChatOptions(OptionList):
    """The list itself."""

    BINDINGS = [
        bind("chats.rename", "rename"),
        bind("chats.archive", "archive"),
        bind("chats.delete", "delete"),
        bind("chats.archived", "show_archive"),
        bind("chats.search", "search"),
    ]

    def action_rename(self) -> None:
        self._ask(RenameWanted)

    def action_delete(self) -> None:
        self._ask(DeleteWanted)

    def action_archive(self) -> None:
        self._ask(ArchiveWanted)

    def action_show_archive(self) -> None:
        self.post_message(ArchiveShown())

    def action_search(self) -> None:
        self.screen.query_one("#search", Input).focus()

    def _ask(self, kind: type[RenameWanted] | type[DeleteWanted] | type[ArchiveWanted]) -> None:
        chats = self.query_ancestor(ChatList)
        if chat := chats.highlighted_chat:
            self.post_message(kind(chat))


class ChatList(Vertical):
    """Shows what it is given; typing narrows it to titles, and asks for a search of messages."""

    DEFAULT_CSS = """
    ChatList {
        width: 30;
        border-right: solid $surface-lighten-1;
        & > #search { border: none; height: 1; margin: 0 0 1 0; padding: 0 1; }
        & > ChatOptions {
            &, &:focus { border: none; }
            height: 1fr;
            padding: 0;
            background: transparent;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            & > .option-list--option-disabled { color: $text-muted; text-style: bold; }
        }
    }
    """

    BINDINGS = [bind("chats.down", "go_to_list")]

    search = getters.query_one("#search", Input)
    options = getters.query_one(ChatOptions)

    def __init__(self) -> None:
        super().__init__(id="chats")
        self._chats: list[Chat] = []
        self._found: list[tuple[Chat, str]] | None = None
        self._has_more = False
        self._current_id: str | None = None
        self._marks: dict[str, str] = {}
        self._is_archive = False

    def compose(self) -> ComposeResult:
        yield Input(placeholder="Search chats", id="search", compact=True)
        yield ChatOptions(id="options", markup=False)

    @property
    def highlighted_chat(self) -> Chat | None:
        """The chat the cursor is on."""
        place = self.options.highlighted
        if place is None:
            return None
        chat_id = self.options.get_option_at_index(place).id
        return next((chat for chat in self._all if chat.id == chat_id), None)

    def show(
        self,
        chats: list[Chat],
        *,
        now: datetime,
        current_id: str | None,
        marks: dict[str, str],
        has_more: bool,
        is_archive: bool = False,
    ) -> None:
        """Show chats.

        Args:
            chats: Newest first.
            current_id: The one that is open.
            marks: A sign to put before a title, by the chat's id.
            has_more: Whether there are older ones at the backend.
            is_archive: Whether they are chats that were put away.
        """
        self._chats, self._has_more, self._is_archive = chats, has_more, is_archive
        self.search.placeholder = "Search the archive" if is_archive else "Search chats"
        self.set_class(is_archive, "-archive")
        self._current_id, self._marks = current_id, marks
        self._now = now
        self._draw()

    def show_found(self, text: str, found: list[tuple[Chat, str]]) -> None:
        """Show chats in whose messages a text was found, each with the place."""
        if self.search.value.strip() == text:
            self._found = found
            self._draw()

    @property
    def _all(self) -> list[Chat]:
        return [*self._chats, *(chat for chat, _ in self._found or [])]

    def _draw(self) -> None:
        options = self.options
        highlighted, place = self.highlighted_chat, options.highlighted
        scroll_y = options.scroll_y
        wanted = folded(clean_line(self.search.value))
        chats = [chat for chat in self._chats if wanted in folded(clean_line(chat.title))]
        rows: list[Option | None] = []
        if self._is_archive:
            rows.append(Option("In the archive", disabled=True))
        for heading, group in group_by_day(chats, self._now):
            rows.append(Option(heading, disabled=True))
            rows += [Option(self._row(chat), id=chat.id) for chat in group]
        rows += self._found_rows({chat.id for chat in chats})
        if not any(row and row.id for row in rows):
            nothing = "The archive is empty" if self._is_archive else "No chats yet"
            rows.append(Option("Nothing found" if wanted else nothing, disabled=True))
        options.clear_options()
        options.add_options(rows)
        self._highlight(highlighted.id if highlighted else self._current_id, place)
        options.scroll_to(y=scroll_y, animate=False, immediate=True)

    def _found_rows(self, shown: set[str]) -> list[Option]:
        found = [(chat, place) for chat, place in self._found or [] if chat.id not in shown]
        if not found:
            return []
        rows = [Option("In messages", disabled=True)]
        seen: set[str] = set()
        for chat, place in found:
            if chat.id not in seen:
                seen.add(chat.id)
                under = Content.styled(f"\n    {clean_line(place)}", "$text-muted")
                rows.append(Option(self._row(chat) + under, id=chat.id))
        return rows

    def _row(self, chat: Chat) -> Content:
        mark = self._marks.get(chat.id, "•" if chat.id == self._current_id else " ")
        style = "bold" if chat.id == self._current_id else ""
        return Content.styled(f"{mark} {clean_line(chat.title) or 'Untitled'}", style)

    def _highlight(self, chat_id: str | None, place: int | None) -> None:
        """Put the cursor on a chat, or on the one that is where it was when the chat has gone."""
        chats = [at for at, option in enumerate(self.options.options) if option.id is not None]
        found = [at for at in chats if self.options.get_option_at_index(at).id == chat_id]
        if not found and place is not None and chats:
            found = [min(chats, key=lambda at: abs(at - place))]
        if found:
            self.options.highlighted = found[0]

    @on(Input.Changed, "#search")
    def _narrow(self) -> None:
        self._found = None
        self._draw()
        if self.search.value.strip():
            self.post_message(ChatSearchWanted(self.search.value.strip()))

    @on(Input.Submitted, "#search")
    def _take_first(self) -> None:
        """Open the first chat that was found; without a search, go to the list."""
        is_search = bool(self.search.value.strip())
        self.action_go_to_list()
        if is_search and self.highlighted_chat is not None:
            self.search.value = ""
            self.options.action_select()

    def action_go_to_list(self) -> None:
        self.options.focus()
        self.options.action_first()

    @on(OptionList.OptionHighlighted)
    def _look_ahead(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        is_near_end = event.option_index >= self.options.option_count - _NEAR_END
        if is_near_end and self._has_more and not self.search.value:
            self._has_more = False  # until they are there
            self.post_message(MoreChatsWanted())

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        chat = next((chat for chat in self._chats if chat.id == event.option_id), None)
        if chat is not None:
            self.post_message(OpenChat(chat))
        elif event.option_id is not None:
            self.post_message(OpenFound(event.option_id))
