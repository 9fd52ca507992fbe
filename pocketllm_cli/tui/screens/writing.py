"""The part of the chat screen that takes what is written: prompts, edits, drafts."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

from textual import getters, on, work
from textual.timer import Timer
from textual.widgets import TextArea

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat, Turn
from pocketllm_cli.titles import title_from
from pocketllm_cli.tui.file_names import with_files
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import (
    EditorWanted,
    Failed,
    PromptWritten,
    TurnWanted,
)
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.picked_files import PickedFile
from pocketllm_cli.tui.prompts import Prompt
from pocketllm_cli.tui.screens.attaching import AttachingScreen
from pocketllm_cli.tui.widgets.conversation import Conversation

_DRAFT_SECONDS: Final = 1.0


class WritingScreen(AttachingScreen):
    """Sends what is written, and does what keys ask of messages."""

    BINDINGS = [bind("chat.stop", "stop")]

    conversation = getters.query_one(Conversation)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._edited: Turn | None = None
        self.is_reading = False
        """Whether the backend is asked for things already."""
        self._drawn: str | None = None
        self._draft_timer: Timer | None = None

    def begin_chat(self) -> None:
        """Show an empty chat that is made when its first prompt is sent."""
        self._show(self.new_chat())

    def open_chat(self, chat: Chat) -> None:
        """Show a chat; what was read of it before is shown at once."""
        opened = self.opened.setdefault(chat.id, OpenedChat(chat))
        opened.chat = chat
        self._show(opened)
        if opened.running is None and opened.is_stored and self.is_reading:
            self.load_page(chat.id)

    def keep_draft(self) -> None:
        """Keep what is being written."""
        text = "" if self._edited else self.composer.text
        self.parts.files.keep_draft(self._draft_key(), text)
        self.parts.files.keep_picked(self._draft_key(), () if self._edited else self.composer.files)

    @on(TextArea.Changed, "#prompt")
    def _keep_draft_soon(self) -> None:
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(_DRAFT_SECONDS, self._keep_draft_now)

    def _keep_draft_now(self) -> None:
        self._draft_timer = None
        self.keep_draft()

    async def prepare_to_leave(self) -> None:
        """Keep what is being written."""
        self.keep_draft()
        await super().prepare_to_leave()

    def _draft_key(self) -> str | None:
        return self.current.chat.id if self.current.is_stored else None

    def _show(self, opened: OpenedChat) -> None:
        if self.current is not opened and self._drawn is not None:
            self.keep_draft()
        self._stop_editing()
        self.current = opened
        self._put_draft()
        self.show_chat(opened)

    def _put_draft(self) -> None:
        """Put what was being written in this chat into the composer."""
        self.composer.put(self.parts.files.draft(self._draft_key()))
        self.composer.files = self.parts.files.picked(self._draft_key())

    @on(PromptWritten)
    def _send_written(self, event: PromptWritten) -> None:
        try:
            text, others = with_files(event.text, self.parts.folder)
            files = self.with_named(event.files, others)
        except PocketLLMError as error:
            self.composer.put(event.text)
            self.composer.files = event.files
            self.tell_failure("put the file into the prompt", error)
            return
        edited, opened = self._edited, self.current
        self._stop_editing()
        self.parts.files.keep_draft(self._draft_key(), "")
        self.parts.files.keep_picked(self._draft_key(), ())
        if edited is not None:
            self.send(self.another_version(edited, text, files))
            return
        is_first = not opened.is_stored and not opened.waiting and opened.running is None
        if is_first:
            opened.chat = replace(opened.chat, title=title_from(text))
        self.opened[opened.chat.id] = opened
        self.send(
            Prompt(
                str(uuid4()),
                opened.chat.id,
                text,
                new_title=opened.chat.title if is_first else None,
                model_config_id=opened.chat.model_config_id,
                files=files,
            )
        )

    @on(TurnWanted)
    def _do_with_turn(self, event: TurnWanted) -> None:
        turn = event.turn
        is_answer = turn.message.role == "assistant"
        waiting = self.current.waiting_prompt(turn.message.id)
        match event.deed:
            case "edit" if waiting is not None:
                self._write_anew(waiting)
            case "fork" | "before" | "after" if not self.current.has_arrived(turn.message.id):
                self.tell("This has not been sent yet.")
            case "fork":
                self.fork(self.current.chat, turn.message.id)
            case "before" | "after":
                self.show_version(turn, -1 if event.deed == "before" else 1)
            case "links":
                self.choose_link(turn)
            case "files" if turn.message.job_id and is_answer:
                self.do_with_picture(turn)
            case "files":
                self.show_files([turn])
            case "edit":
                self.edit(turn if not is_answer else self._question_before(turn))
            case "regenerate":
                self.regenerate(turn if is_answer else self._answer_after(turn))

    def _write_anew(self, prompt: Prompt) -> None:
        """Let a prompt that waits be written anew; if it is another version, as that."""
        if self.composer.text or self.composer.files:
            self.tell("Send or clear what you are writing first.")
            return
        self.take_back(self.current, prompt)
        edited = [turn for turn in self.current.stored if turn.message.id == prompt.edit]
        if edited:
            self._begin_editing(edited[0])
        self.set_focus(self.composer.area)

    @on(EditorWanted)
    @work(group="editor", exclusive=True)
    async def _write_elsewhere(self, event: EditorWanted) -> None:
        from pocketllm_cli.tui.editor import write_in_editor

        try:
            text = write_in_editor(event.text, self.parts.settings.editor, self.app.suspend())
        except PocketLLMError as error:
            self.post_message(Failed("open the editor", error))
        else:
            self.composer.put(text)

    def interrupt(self) -> bool:
        """Stop the answer that runs; otherwise as everywhere."""
        if self.current.running is not None and not self.get_selected_text():
            self.stop(self.current.chat.id)
            return False
        return super().interrupt()

    def action_stop(self) -> None:
        """Leave what is open: the completions, the edit, then the answer that runs."""
        if self.composer.dismiss_completions():
            return
        if self._edited is not None:
            self._stop_editing()
            self._put_draft()
        elif self.current.running is not None:
            self.stop(self.current.chat.id)
        else:
            self.conversation.clear_selection()
            self.composer.area.focus()

    def edit(self, turn: Turn | None) -> None:
        if turn is None or self._is_busy():
            return
        self.keep_draft()
        self._begin_editing(turn)
        self.composer.put(turn.message.content)
        self.composer.files = tuple(PickedFile.of(file) for file in turn.message.attachments)
        self.set_focus(self.composer.area)

    def _begin_editing(self, turn: Turn) -> None:
        self._edited = turn
        self.composer.area.border_title = "Another version of this question; Esc leaves it"

    def _stop_editing(self) -> None:
        self._edited = None
        self.composer.area.border_title = None

    def regenerate(self, turn: Turn | None) -> None:
        if turn is not None and turn.message.job_id:
            self.make_again(turn)
        elif turn is not None and not self._is_busy():
            self.send(self.another_version(turn, None))

    def _is_busy(self) -> bool:
        """Say whether an answer runs, and tell what helps."""
        if self.current.running is not None:
            self.tell(f"An answer is being written; {self.key('chat.stop')} stops it.")
        return self.current.running is not None

    def last_turn(self, role: str) -> Turn | None:
        turns = [turn for turn in self.current.stored if turn.message.role == role]
        return turns[-1] if turns else None

    def _question_before(self, answer: Turn) -> Turn | None:
        return next((t for t in self.current.stored if t.message.id == answer.parent_id), None)

    def _answer_after(self, question: Turn) -> Turn | None:
        return next((t for t in self.current.stored if t.parent_id == question.message.id), None)

    def show_chat(self, opened: OpenedChat) -> None:
        """Show how a chat is now."""
        if opened is not self.current:
            self.chats_changed()
            return
        turns = opened.shown(self.moment())
        is_new, self._drawn = self._drawn != opened.chat.id, opened.chat.id
        self.composer.remember([t.message.content for t in turns if t.message.role == "user"])
        self.conversation.show(turns, has_older=opened.older_id is not None, is_new=is_new)
        self.chat_shown(opened)

    def show_progress(self, opened: OpenedChat) -> None:
        """Show the text that came of the answer that runs."""
        if opened is self.current and opened.running is not None:
            self.conversation.update_turn(opened.running.turn)
            if opened.running.thoughts:
                self.conversation.think(opened.running.turn.message.id, opened.running.thoughts)

    def give_back(self, opened: OpenedChat, text: str, files: tuple[PickedFile, ...]) -> None:
        """Put a prompt that was refused where it was written."""
        if opened is not self.current:
            key = opened.chat.id if opened.is_stored else None
            self.parts.files.keep_draft(key, text)
            self.parts.files.keep_picked(key, files)
        elif not self.composer.text:
            self.composer.put(text)
            self.composer.files = files

    def do_with_picture(self, turn: Turn) -> object:
        """Let the person choose what is to be done with a picture."""
        raise NotImplementedError

    def make_again(self, turn: Turn) -> None:
        """Have another picture made."""
        raise NotImplementedError

    def chat_shown(self, opened: OpenedChat) -> None:
        """Show what stands around the turns of the chat."""
        raise NotImplementedError
