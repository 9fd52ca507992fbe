"""The part of the chat screen that knows which prompts are asked, queued or in the outbox."""

import time
from dataclasses import replace
from uuid import uuid4

from textual import on

from pocketllm_cli.api.answer_events import Delta, Done, Reasoning, Started
from pocketllm_cli.api.answer_events import Failed as AnswerFailed
from pocketllm_cli.errors import BackendUnreachable, PocketLLMError
from pocketllm_cli.models import Chat, Turn
from pocketllm_cli.tui.messages import (
    AnswerLost,
    AnswerMoved,
    Failed,
    FilesUploaded,
    LongAnswerEnded,
    UploadMoved,
)
from pocketllm_cli.tui.opened_chat import STREAMING, OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.picked_files import PickedFile, forget_uploads
from pocketllm_cli.tui.prompts import Prompt
from pocketllm_cli.tui.screens.asking import AskingScreen


class AnsweringScreen(AskingScreen):
    """Keeps one `OpenedChat` for each chat that was shown or is answered."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.opened: dict[str, OpenedChat] = {}
        self.current = self.new_chat()
        self._began: dict[str, float] = {}
        self._given_up: set[str] = set()
        """Answers that were read to an end; those cut off are taken up when the backend is back."""

    def new_chat(self) -> OpenedChat:
        """Return a chat that nobody but us knows yet."""
        now = self.moment()
        chat = Chat(str(uuid4()), "New chat", None, now, now)
        return OpenedChat(chat, is_stored=False, is_loaded=True)

    def moment(self) -> str:
        """Return the moment it is, as the backend writes them."""
        return self.parts.now().isoformat()

    def send(self, prompt: Prompt) -> None:
        """Ask a prompt, now or when it is its turn; from here on it is kept on disk."""
        opened = self.opened.setdefault(prompt.chat_id, self.current)
        opened.chat = replace(opened.chat, archived_at=None)  # as the backend does
        if prompt.text is not None:
            self.parts.files.put_out(prompt)
        if opened.running is None and not opened.waiting:
            self._begin(opened, prompt)
            return
        opened.wait(prompt, "queued" if opened.running else "waiting")
        self.begin_next(opened)
        self.show_chat(opened)

    def begin_next(self, opened: OpenedChat) -> None:
        """Ask the prompt that is first in the queue of a chat, if nothing runs there."""
        if prompt := opened.next_waiting():
            self._begin(opened, prompt)

    def empty_outbox(self) -> None:
        """Ask everything that waits for the backend."""
        self._given_up.clear()
        for opened in list(self.opened.values()):
            self.begin_next(opened)

    def take_up_outbox(self) -> None:
        """Take up what another run of the app could not send."""
        for prompt in self.parts.files.outbox():
            opened = self.opened.get(prompt.chat_id)
            if opened is None:
                now = self.moment()
                title = prompt.new_title or "Not sent yet"
                chat = Chat(prompt.chat_id, title, prompt.model_config_id, now, now)
                opened = OpenedChat(chat, is_stored=prompt.new_title is None)
                self.opened[prompt.chat_id] = opened
            opened.wait(prompt, "waiting")

    def follow_if_streaming(self, opened: OpenedChat) -> None:
        """Read along with an answer that was begun elsewhere."""
        last = opened.stored[-1] if opened.stored else None
        if last is None or opened.running is not None or last.message.status != STREAMING:
            return
        if last.message.id not in self._given_up:
            opened.follow(last)
            self._began[opened.chat.id] = time.monotonic()
            self.follow(opened.chat.id, last)

    @on(AnswerMoved)
    def take_event(self, event: AnswerMoved) -> None:
        """Show what came of an answer."""
        opened = self.opened.get(event.chat_id)
        if opened is None or opened.running is None or opened.running.key != event.key:
            return
        opened.take(event.event)
        match event.event:
            case Delta() | Reasoning():
                self.show_progress(opened)
            case Done() | AnswerFailed():
                self._end(opened)
            case Started():
                opened.is_stored = True
                self.parts.files.take_out(event.key)
                self.show_chat(opened)
            case _:
                self.show_chat(opened)

    @on(UploadMoved)
    def take_upload(self, event: UploadMoved) -> None:
        """Show how far a file of a prompt is."""
        opened = self.opened.get(event.chat_id)
        if opened is not None and opened.running is not None and not opened.running.has_begun:
            self.show_activity(opened, event.text)

    @on(FilesUploaded)
    def take_uploaded(self, event: FilesUploaded) -> None:
        """Know where the files of a prompt lie, so that they are not stored once more."""
        prompt, opened = event.prompt, self.opened.get(event.prompt.chat_id)
        if opened is None or opened.running is None or opened.running.prompt is None:
            return
        if opened.running.prompt.message_id == prompt.message_id:
            opened.running.prompt = prompt
            if not opened.running.has_begun:
                self.parts.files.put_out(prompt)
            self.show_chat(opened)

    @on(AnswerLost)
    def take_loss(self, event: AnswerLost) -> None:
        """Keep a prompt that did not arrive; give back one that was refused."""
        opened = self.opened.get(event.prompt.chat_id)
        if opened is None or opened.running is None:
            return
        if opened.running.key != event.prompt.message_id:
            return
        is_unreachable = isinstance(event.error, BackendUnreachable)
        if event.has_begun:
            self.post_message(Failed("read the answer to its end", event.error))
            self._end(opened)
        elif is_unreachable and event.prompt.text is not None:
            opened.running = None
            opened.waiting.insert(0, (event.prompt, "waiting"))
        else:
            self._refuse(opened, event.prompt, event.error)
        if is_unreachable:
            self.went_offline(event.error)
        self.show_chat(opened)

    def _begin(self, opened: OpenedChat, prompt: Prompt) -> None:
        opened.begin(prompt, self.moment())
        self._began[opened.chat.id] = time.monotonic()
        self.ask(prompt)
        self.show_chat(opened)

    def _end(self, opened: OpenedChat) -> None:
        if opened.running is not None:
            self._given_up.add(opened.running.turn.message.id)
        opened.end(self.moment())
        self._reads.pop(opened.chat.id, None)
        took = time.monotonic() - self._began.pop(opened.chat.id, time.monotonic())
        if took >= self.parts.options.notify_after_seconds:
            self.post_message(LongAnswerEnded(opened.chat.title))
        self.show_chat(opened)
        if opened is self.current:
            self.load_page(opened.chat.id)
        else:
            opened.is_loaded = False
        self.begin_next(opened)

    def _refuse(self, opened: OpenedChat, prompt: Prompt, error: PocketLLMError) -> None:
        self._reads.pop(opened.chat.id, None)
        opened.running = None
        texts, files = [prompt.text], [*prompt.files]
        self.parts.files.take_out(prompt.message_id)
        if not opened.is_stored:  # what waits would go to a chat that was never made
            for waiting, _ in opened.waiting:
                texts.append(waiting.text)
                files += waiting.files
                self.parts.files.take_out(waiting.message_id)
            opened.waiting.clear()
        if prompt.uploads:
            self.remove_uploads(prompt.uploads)
        text = "\n\n".join(text for text in texts if text)
        self.give_back(opened, text, forget_uploads(files))
        self.post_message(Failed("send the prompt", error))
        self.begin_next(opened)

    def take_back(self, opened: OpenedChat, prompt: Prompt) -> None:
        """Put a prompt that waits where it was written; it is not sent any more."""
        self.parts.files.take_out(prompt.message_id)
        if first := opened.take_back(prompt):
            self.parts.files.put_out(first)
        if prompt.uploads:
            self.remove_uploads(prompt.uploads)
        self.give_back(opened, prompt.text or "", forget_uploads([*prompt.files]))
        self.show_chat(opened)

    def another_version(
        self, turn: Turn, text: str | None, files: tuple[PickedFile, ...] = ()
    ) -> Prompt:
        """Return the prompt for another version of a question (with its text) or an answer."""
        message = turn.message
        return Prompt(
            str(uuid4()),
            message.chat_id,
            text,
            regenerate=message.id if text is None else None,
            edit=message.id if text is not None else None,
            parent_id=turn.parent_id,
            files=files,
        )

    def show_chat(self, opened: OpenedChat) -> None:
        """Show how a chat is now."""
        raise NotImplementedError

    def show_progress(self, opened: OpenedChat) -> None:
        """Show the text that came of the answer that runs."""
        raise NotImplementedError

    def show_activity(self, opened: OpenedChat, text: str) -> None:
        """Show what goes on before an answer."""
        raise NotImplementedError

    def give_back(self, opened: OpenedChat, text: str, files: tuple[PickedFile, ...]) -> None:
        """Put a prompt that was refused where it was written."""
        raise NotImplementedError

    def went_offline(self, error: PocketLLMError) -> None:
        """Show that the backend cannot be reached."""
        raise NotImplementedError
