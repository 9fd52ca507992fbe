"""The part of the chat screen that does things with chats and messages other than asking."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from textual import on, work

from pocketllm_cli.errors import ChatNotFound, PocketLLMError
from pocketllm_cli.models import Chat, Turn
from pocketllm_cli.titles import check_title
from pocketllm_cli.tui.list_messages import (
    ArchiveWanted,
    ChatArchived,
    ChatDeleted,
    ChatRenamed,
    ChatRestored,
    DeleteWanted,
    RenameWanted,
)
from pocketllm_cli.tui.messages import Failed, OpenChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.answering import AnsweringScreen


@dataclass(frozen=True, slots=True)
class Undoable:
    """What was done with a chat and can be undone."""

    deed: Literal["delete", "archive", "unarchive"]
    chat: Chat


class DeedsScreen(AnsweringScreen):
    """Renames, archives, deletes, undoes that, forks, shows versions, exports, opens links."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.done: list[Undoable] = []
        """What was done here and can be undone, the last deed last."""

    @on(RenameWanted)
    @work(group="rename", exclusive=True)
    async def rename_chat(self, event: RenameWanted) -> None:
        """Ask for another title, where none is given, and store it."""
        title: str | None = event.title
        if not title:
            from pocketllm_cli.tui.screens.dialogs import AskLine

            dialog = AskLine("Title of the chat", event.chat.title)
            title = await self.app.push_screen_wait(dialog)
        if title is None:
            return
        try:
            chat = await self.parts.api.chats.rename(event.chat, check_title(title))
        except PocketLLMError as error:
            self.post_message(Failed("rename the chat", error))
        else:
            self.post_message(ChatRenamed(chat))

    @on(DeleteWanted)
    @work(group="delete")
    async def delete_chat(self, event: DeleteWanted) -> None:
        """Delete a chat; the backend keeps it for a month."""
        try:
            await self.parts.api.chats.delete([event.chat.id])
        except PocketLLMError as error:
            self.post_message(Failed("delete the chat", error))
        else:
            self.post_message(ChatDeleted(event.chat))
            from pocketllm_cli.api.chat_folders import remove_left_over

            with suppress(PocketLLMError):  # what is left over is found the next time
                await remove_left_over(self.parts.api)

    @on(ArchiveWanted)
    @work(group="delete")
    async def archive_chat(self, event: ArchiveWanted) -> None:
        """Put a chat away, or take it out again."""
        wanted = event.chat.archived_at is None
        try:
            moved = await self.parts.api.chats.archive([event.chat.id], is_archived=wanted)
            if not moved:
                raise ChatNotFound
        except PocketLLMError as error:
            self.post_message(Failed("archive the chat", error))
        else:
            self.post_message(ChatArchived(moved[0]))

    @work(group="delete")
    async def action_undo(self) -> None:
        """Undo what was done with a chat last."""
        if not self.done:
            self.tell("There is nothing to undo.")
            return
        last = self.done.pop()
        try:
            chat = await self._undo(last)
        except PocketLLMError as error:
            self.done.append(last)
            self.post_message(Failed("undo it", error))
        else:
            self.post_message(ChatRestored(chat))

    async def _undo(self, last: Undoable) -> Chat:
        api, chat = self.parts.api, last.chat
        if last.deed == "delete":
            await api.deleted_chats.restore([chat.id])
            return chat
        moved = await api.chats.archive([chat.id], is_archived=last.deed == "unarchive")
        if not moved:
            raise ChatNotFound
        return moved[0]

    @work(group="fork", exclusive=True)
    async def fork(self, chat: Chat, at_message_id: str | None) -> None:
        """Copy a chat up to a message and show the copy."""
        try:
            copy = await self.parts.api.chats.fork(chat, at_message_id)
        except PocketLLMError as error:
            self.post_message(Failed("fork the chat", error))
        else:
            self.post_message(OpenChat(copy))

    @work(group="version", exclusive=True)
    async def show_version(self, turn: Turn, step: int) -> None:
        """Show the version before or after this one of a turn."""
        api, chat_id = self.parts.api, turn.message.chat_id
        try:
            ids = await api.shown_branch.versions(chat_id, turn)
            # One that was deleted elsewhere is not among them: then only the chat is read anew.
            if turn.message.id in ids:
                place = ids.index(turn.message.id) + step
                if not 0 <= place < len(ids):
                    return
                await api.messages.show_version(ids[place])
        except PocketLLMError as error:
            self.post_message(Failed("show another version", error))
        else:
            self.load_page(chat_id)

    @work(group="model", exclusive=True)
    async def set_model(self, chat_id: str, config_id: str) -> None:
        """Let a chat be answered by another model config."""
        try:
            await self.parts.api.chats.set_model(chat_id, config_id)
        except PocketLLMError as error:
            self.post_message(Failed("change the model", error))

    @work(group="export", exclusive=True)
    async def export(self, chat: Chat, form: str) -> None:
        """Write a chat to a file in the folder the app was started in."""
        from pocketllm_cli.tui.export import check_form, export_chat

        try:
            check_form(form)
            whole = await self.parts.api.whole_chats.read(chat.id)
            if whole is None:
                raise ChatNotFound
            path = export_chat(whole, form, self.parts.folder)
        except PocketLLMError as error:
            self.post_message(Failed("export the chat", error))
        else:
            self.tell(f"Written to {path}.")

    @work(group="links", exclusive=True)
    async def choose_link(self, turn: Turn) -> None:
        """Let the person choose a link of a message, and open it once they agree."""
        from pocketllm_cli.tui.safe_markdown import links_in  # not for the first frame
        from pocketllm_cli.tui.screens.dialogs import Choose, Confirm

        links = links_in(turn.message.content)
        if not links:
            self.tell("There is no link in this message.")
            return
        link = links[0]
        if len(links) > 1:
            choices = [(str(place), each) for place, each in enumerate(links)]
            chosen = await self.app.push_screen_wait(Choose("Which link?", choices))
            if chosen is None:
                return
            link = links[int(chosen)]
        if await self.app.push_screen_wait(Confirm(f"Open {link} in the browser?", deed="Open")):
            self.app.open_url(link)

    def chats_changed(self) -> None:
        """Show the list of chats anew."""
        raise NotImplementedError
