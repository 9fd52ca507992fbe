"""The part of the chat screen that keeps the list of chats: loaded, searched, changed, drawn."""

from typing import Final

from textual import getters, on

from pocketllm_cli.models import Chat
from pocketllm_cli.tui.keys import key_of
from pocketllm_cli.tui.live import ChatGone, differences
from pocketllm_cli.tui.messages import (
    ChatDeleted,
    ChatRenamed,
    ChatRestored,
    ChatSearchWanted,
    ChatsFound,
    ChatsLoaded,
    MoreChatsWanted,
    OpenFound,
)
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.writing import WritingScreen
from pocketllm_cli.tui.widgets.chat_list import ChatList

_UNDO_SECONDS: Final = 8.0


class ListingScreen(WritingScreen):
    """Knows the chats that were read, by id."""

    chat_list = getters.query_one(ChatList)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._chats: dict[str, Chat] = {}
        self._has_more_chats = False
        self._known_before: dict[str, Chat] = {}
        """The chats as they were when the newest were asked for."""

    def read_chats(self) -> None:
        """Read the newest chats; of those that are known, the ones deleted meanwhile go."""
        self._known_before = dict(self._chats)
        self.load_chats()

    @on(ChatsLoaded)
    def _take_chats(self, event: ChatsLoaded) -> None:
        if event.is_first_page:
            self._forget_deleted(event.chats)
        self._chats |= {chat.id: chat for chat in event.chats}
        self._has_more_chats = event.has_more
        if event.is_first_page:
            self.came_online()
        self.chats_changed()

    @on(MoreChatsWanted)
    def _load_more_chats(self) -> None:
        if chats := self._sorted_chats():
            self.load_chats(chats[-1])

    @on(ChatRenamed)
    def _take_title(self, event: ChatRenamed) -> None:
        self._take_chat(event.chat)

    @on(ChatDeleted)
    def _take_deletion(self, event: ChatDeleted) -> None:
        self.deleted.append(event.chat)
        key = key_of("chat.undo", self.parts.options.keys)
        self.tell(f"Deleted “{event.chat.title}”. {key} brings it back.", seconds=_UNDO_SECONDS)
        self._forget(event.chat.id)

    @on(ChatRestored)
    def _take_back(self, event: ChatRestored) -> None:
        self._take_chat(event.chat)
        self.tell(f"“{event.chat.title}” is back.")

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
        self._chats[chat.id] = chat
        if chat.id in self.opened:
            self.opened[chat.id].chat = chat
        self.chats_changed()

    def _forget(self, chat_id: str) -> None:
        self._chats.pop(chat_id, None)
        self.opened.pop(chat_id, None)
        if self.current.chat.id == chat_id:
            self.begin_chat()
        self.chats_changed()

    def _forget_deleted(self, newest: list[Chat]) -> None:
        before = {
            chat_id: chat
            for chat_id, chat in self._known_before.items()
            if self._chats.get(chat_id) == chat and not self._is_ours_alone(chat_id)
        }
        for change in differences(before, {chat.id: chat for chat in newest}):
            if isinstance(change, ChatGone):
                self._forget(change.chat_id)

    def _is_ours_alone(self, chat_id: str) -> bool:
        """Whether the backend may not know a chat yet."""
        opened = self.opened.get(chat_id)
        return opened is not None and bool(not opened.is_stored or opened.running or opened.waiting)

    def _sorted_chats(self) -> list[Chat]:
        return sorted(
            self._chats.values(), key=lambda chat: (chat.updated_at, chat.id), reverse=True
        )

    def chats_changed(self) -> None:
        """Show the list of chats anew."""
        marks = {}
        for chat_id, opened in self.opened.items():
            if opened.running is not None:
                marks[chat_id] = "…"
            elif opened.waiting:
                marks[chat_id] = "↑"
            if (opened.running or opened.waiting) and chat_id not in self._chats:
                self._chats[chat_id] = opened.chat
        self.chat_list.show(
            self._sorted_chats(),
            now=self.parts.now(),
            current_id=self.current.chat.id,
            marks=marks,
            has_more=self._has_more_chats,
        )

    def came_online(self) -> None:
        """Show that the backend answers."""
        raise NotImplementedError
