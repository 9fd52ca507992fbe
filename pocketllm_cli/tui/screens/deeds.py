"""The part of the chat screen that does things with chats and messages other than asking."""

from textual import on, work

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat, Turn
from pocketllm_cli.titles import check_title
from pocketllm_cli.tui.messages import (
    ChatDeleted,
    ChatRenamed,
    ChatRestored,
    DeleteWanted,
    Failed,
    OpenChat,
    RenameWanted,
)
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.answering import AnsweringScreen


class DeedsScreen(AnsweringScreen):
    """Renames, deletes with a way back, forks, shows versions, copies, exports, opens links."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.deleted: list[Chat] = []
        """The chats deleted here, which can be brought back, the last one last."""

    @on(RenameWanted)
    @work(group="rename", exclusive=True)
    async def rename_chat(self, event: RenameWanted) -> None:
        """Ask for another title and store it."""
        from pocketllm_cli.tui.screens.dialogs import AskLine

        title = await self.app.push_screen_wait(AskLine("Title of the chat", event.chat.title))
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

    @work(group="delete")
    async def action_undo(self) -> None:
        """Bring back the chat that was deleted last."""
        if not self.deleted:
            self.tell("There is nothing to undo.")
            return
        chat = self.deleted.pop()
        try:
            await self.parts.api.deleted_chats.restore([chat.id])
        except PocketLLMError as error:
            self.deleted.append(chat)
            self.post_message(Failed("bring the chat back", error))
        else:
            self.post_message(ChatRestored(chat))

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
        from pocketllm_cli.tui.export import export_chat

        try:
            turns = await self.parts.api.messages.read(chat)
            path = export_chat(turns, form, self.parts.folder)
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
