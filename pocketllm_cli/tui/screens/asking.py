"""The part of the chat screen that asks, follows and stops answers, and keeps the outbox."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, get_current_worker

from pocketllm_cli.api.answer_events import AnswerEvent
from pocketllm_cli.errors import Conflict, PocketLLMError
from pocketllm_cli.models import Chat, Turn
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.list_messages import ChatsFound, ChatsLoaded
from pocketllm_cli.tui.messages import (
    AnswerLost,
    AnswerMoved,
    Failed,
    FilesUploaded,
    ModelsLoaded,
    Moved,
    OpenChat,
    PageLoaded,
    UploadMoved,
)
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.picked_files import read_files, upload_picked
from pocketllm_cli.tui.prompts import Prompt
from pocketllm_cli.tui.screens.app_screen import AppScreen

if TYPE_CHECKING:
    from pocketllm_cli.api.reading import ReadAnswer

_TURNS_A_PAGE = 30
_CHATS_A_PAGE = 60
_MOST_FOUND = 30
_TYPING_SECONDS = 0.15


class AskingScreen(AppScreen):
    """Talks to the backend in workers; what came of it arrives as messages."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._reads: dict[str, tuple[Prompt, ReadAnswer, Worker[None]]] = {}

    @work(group="listen", exclusive=True)
    async def listen(self) -> None:
        """Hear of changes for as long as the screen is there."""
        async with aclosing(self.parts.changes.listen()) as changes:
            async for change in changes:
                self.post_message(Moved(change))

    @work(group="chats", exclusive=True)
    async def load_chats(self, before: Chat | None = None, *, is_archive: bool = False) -> None:
        """Read a page of the chats in the list, or of those put away."""
        chats = self.parts.api.chats
        try:
            if before is None:
                found = await chats.newest(_CHATS_A_PAGE, is_archived=is_archive)
            else:
                found = await chats.before(before, _CHATS_A_PAGE, is_archived=is_archive)
        except PocketLLMError as error:
            self.post_message(Failed("read your chats", error))
            return
        has_more = len(found) == _CHATS_A_PAGE
        self.post_message(ChatsLoaded(found, before is None, has_more, is_archive))

    @work(group="search", exclusive=True)
    async def search(self, text: str) -> None:
        """Look for a text in all messages, once nobody has typed on for a moment."""
        await asyncio.sleep(_TYPING_SECONDS)
        try:
            found = await self.parts.api.search.find(text, limit=_MOST_FOUND)
        except PocketLLMError as error:
            self.post_message(Failed("search your messages", error))
            return
        chats = [
            Chat(each.chat_id, each.title, None, each.created_at, each.created_at) for each in found
        ]
        places = [clean_line(each.snippet) for each in found]
        self.post_message(ChatsFound(text, list(zip(chats, places, strict=True))))

    @work(group="find", exclusive=True)
    async def open_by_id(self, chat_id: str) -> None:
        """Read a chat that the list does not have, and open it."""
        try:
            self.post_message(OpenChat(await self.parts.api.chats.find(chat_id)))
        except PocketLLMError as error:
            self.post_message(Failed("open the chat", error))

    @work(group="models", exclusive=True)
    async def load_models(self) -> None:
        """Read the model configs."""
        try:
            self.post_message(ModelsLoaded(await self.parts.api.model_configs.all()))
        except PocketLLMError as error:
            self.post_message(Failed("read your model configs", error))

    @work(group="page", exclusive=True)
    async def load_page(self, chat_id: str, older_id: str | None = None) -> None:
        """Read the end of a chat's branch, or what leads to a message."""
        branch = self.parts.api.shown_branch
        try:
            if older_id is None:
                page = await branch.newest(chat_id, _TURNS_A_PAGE)
            else:
                page = await branch.before(chat_id, older_id, _TURNS_A_PAGE)
        except PocketLLMError as error:
            self.post_message(Failed("read the chat", error))
            return
        self.post_message(PageLoaded(chat_id, page, older_id is not None))

    def ask(self, prompt: Prompt) -> None:
        """Ask a prompt in the background."""
        read = self.parts.api.answers.ask(prompt.request)
        self._reads[prompt.chat_id] = prompt, read, self._read(prompt, read)

    def follow(self, chat_id: str, turn: Turn) -> None:
        """Read an answer that was begun elsewhere, in the background."""
        read = self.parts.api.answers.follow(turn.message.id)
        prompt = Prompt(turn.message.id, chat_id)
        self._reads[chat_id] = prompt, read, self._read(prompt, read)

    @work(group="answers")
    async def _read(self, prompt: Prompt, read: "ReadAnswer") -> None:
        try:
            if prompt.new_title is not None:
                await self._make_chat(prompt, prompt.new_title)
            if prompt.unsent_files:
                prompt = await self._upload(prompt)
                read = self.parts.api.answers.ask(prompt.request)
                self._reads[prompt.chat_id] = prompt, read, get_current_worker()
            async with aclosing(read.events()) as events:
                async for event in events:
                    self._pass_on(prompt, event)
        except PocketLLMError as error:
            self.post_message(AnswerLost(prompt, error, read.has_begun))

    async def _upload(self, prompt: Prompt) -> Prompt:
        """Store the files of a prompt and return it with them; the outbox knows of them too."""
        told = ""

        def tell(name: str, sent: int, size: int) -> None:
            nonlocal told
            text = f"uploading {clean_line(name)}, {sent * 100 // max(1, size)} %"
            if text != told:
                told = text
                self.post_message(UploadMoved(prompt.chat_id, text))

        read = await asyncio.to_thread(read_files, prompt.unsent_files)
        api = self.parts.api
        files = await upload_picked(api, prompt.chat_id, prompt.files, read, tell)
        uploaded = replace(prompt, files=files)
        self.post_message(FilesUploaded(uploaded))
        return uploaded

    @work(group="uploads")
    async def remove_uploads(self, paths: Sequence[str]) -> None:
        """Remove files of a prompt that was refused; where that fails they stay."""
        from pocketllm_cli.api.attachments import remove_quietly

        await remove_quietly(self.parts.api, paths)

    async def _make_chat(self, prompt: Prompt, title: str) -> None:
        try:
            await self.parts.api.chats.open(prompt.chat_id, title, prompt.model_config_id)
        except Conflict:
            return  # made by an attempt whose answer was lost

    @work(group="stop")
    async def stop(self, chat_id: str) -> None:
        """Stop the answer of a chat and keep what there is of it."""
        if chat_id not in self._reads:
            return
        prompt, read, worker = self._reads[chat_id]
        try:
            for event in await read.cancel():
                self._pass_on(prompt, event)
        except PocketLLMError as error:
            self.post_message(Failed("stop the answer", error))
            return
        worker.cancel()
        if not read.is_asked:
            self.post_message(AnswerLost(prompt, Withdrawn(), has_begun=False))

    def _pass_on(self, prompt: Prompt, event: AnswerEvent) -> None:
        self.post_message(AnswerMoved(prompt.message_id, prompt.chat_id, event))


class Withdrawn(PocketLLMError):
    """The person stopped a prompt before it was sent."""

    default_message = "Stopped before anything was asked."
    default_hint = "The text is in the composer again."
