"""The part of the chat screen that keeps the list of chats: loaded, searched, changed, drawn."""

from typing import Final

from textual import getters, on

from pocketllm_cli.models import Chat
from pocketllm_cli.tui.keys import key_of
from pocketllm_cli.tui.list_messages import (
    ArchiveShown,
    ChatArchived,
    ChatDeleted,
    ChatRenamed,
    ChatRestored,
    ChatSearchWanted,
    ChatsFound,
    ChatsLoaded,
    MoreChatsWanted,
    OpenFound,
)
from pocketllm_cli.tui.live import ChatGone, differences
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.commanding import CommandingScreen
from pocketllm_cli.tui.screens.deeds import Undoable
from pocketllm_cli.tui.widgets.chat_list import ChatList

_UNDO_SECONDS: Final = 8.0


class ListingScreen(CommandingScreen):
    """Knows the chats that were read, by id."""

    chat_list = getters.query_one(ChatList)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._chats: dict[str, Chat] = {}
        self._shows_archive = False
        self._has_more_chats = {False: False, True: False}
        """Whether there are older ones at the backend: in the list, and in the archive."""
        self._known_before: dict[str, Chat] = {}
        """The chats as they were when the newest were asked for."""

    def read_chats(self) -> None:
        """Read the newest chats; of those that are known, the ones deleted meanwhile go."""
        self._known_before = dict(self._chats)
        self.load_chats(is_archive=self._shows_archive)

    @on(ChatsLoaded)
    def _take_chats(self, event: ChatsLoaded) -> None:
        if event.is_first_page:
            self._forget_deleted(event.chats, is_archive=event.is_archive)
        for chat in event.chats:
            self._note(chat)
        self._has_more_chats[event.is_archive] = event.has_more
        if event.is_first_page:
            self.came_online()
        self.chats_changed()

    @on(MoreChatsWanted)
    def _load_more_chats(self) -> None:
        if chats := self._sorted_chats():
            self.load_chats(chats[-1], is_archive=self._shows_archive)

    @on(ArchiveShown)
    def _show_archive(self) -> None:
        self._shows_archive = not self._shows_archive
        self.chats_changed()
        self.read_chats()

    @on(ChatRenamed)
    def _take_title(self, event: ChatRenamed) -> None:
        self._take_chat(event.chat)

    @on(ChatDeleted)
    def _take_deletion(self, event: ChatDeleted) -> None:
        self._note_done(Undoable("delete", event.chat), "Deleted")
        self._forget(event.chat.id)

    @on(ChatArchived)
    def _take_archived(self, event: ChatArchived) -> None:
        is_away = event.chat.archived_at is not None
        deed = Undoable("archive" if is_away else "unarchive", event.chat)
        self._note_done(deed, "Archived" if is_away else "Taken out of the archive:")
        self._take_chat(event.chat)
        if is_away and self.current.chat.id == event.chat.id:
            self.begin_chat()

    def _note_done(self, done: Undoable, told: str) -> None:
        self.done.append(done)
        key = key_of("chat.undo", self.parts.options.keys)
        self.tell(f"{told} “{done.chat.title}”. {key} undoes it.", seconds=_UNDO_SECONDS)

    @on(ChatRestored)
    def _take_back(self, event: ChatRestored) -> None:
        self._take_chat(event.chat)
        where = "in the archive again" if event.chat.archived_at else "back"
        self.tell(f"“{event.chat.title}” is {where}.")

    @on(ChatSearchWanted)
    def _search(self, event: ChatSearchWanted) -> None:
        self.search(event.text)

    @on(ChatsFound)
    def _show_found(self, event: ChatsFound) -> None:
        self.chat_list.show_found(event.text, event.found)

    @on(OpenFound)
    def _open_found(self, event: OpenFound) -> None:
        self.open_by_id(event.chat_id)

    def _take_chat(self, chat: Chat) -> None:
        self._note(chat)
        self.chats_changed()

    def _note(self, chat: Chat) -> None:
        self._chats[chat.id] = chat
        if chat.id in self.opened:
            self.opened[chat.id].chat = chat

    def _forget(self, chat_id: str) -> None:
        self._chats.pop(chat_id, None)
        self.opened.pop(chat_id, None)
        if self.current.chat.id == chat_id:
            self.begin_chat()
        self.chats_changed()

    def _forget_deleted(self, newest: list[Chat], *, is_archive: bool) -> None:
        before = {
            chat_id: chat
            for chat_id, chat in self._known_before.items()
            if self._chats.get(chat_id) == chat
            and bool(chat.archived_at) == is_archive
            and not self._is_ours_alone(chat_id)
        }
        for change in differences(before, {chat.id: chat for chat in newest}):
            if isinstance(change, ChatGone):
                self._forget(change.chat_id)

    def _is_ours_alone(self, chat_id: str) -> bool:
        """Whether the backend may not know a chat yet."""
        opened = self.opened.get(chat_id)
        return opened is not None and bool(not opened.is_stored or opened.running or opened.waiting)

    def _sorted_chats(self) -> list[Chat]:
        """Return the chats that the list shows, newest first."""
        shown = [
            chat for chat in self._chats.values() if bool(chat.archived_at) == self._shows_archive
        ]
        return sorted(shown, key=lambda chat: (chat.updated_at, chat.id), reverse=True)

    def chats_changed(self) -> None:
        """Show the list of chats anew."""
        marks = {}
        for chat_id, opened in self.opened.items():
            if opened.running is not None:
                marks[chat_id] = "…"
            elif opened.waiting:
                marks[chat_id] = "↑"
            is_known = chat_id in self._chats
            if is_known or opened.running or opened.waiting:
                self._chats[chat_id] = opened.chat
        self.chat_list.show(
            self._sorted_chats(),
            now=self.parts.now(),
            current_id=self.current.chat.id,
            marks=marks,
            has_more=self._has_more_chats[self._shows_archive],
            is_archive=self._shows_archive,
        )

    def came_online(self) -> None:
        """Show that the backend answers."""
        raise NotImplementedError
