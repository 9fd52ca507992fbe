"""The part of the chat screen that takes what is written: prompts, edits, commands, drafts."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import uuid4

from textual import getters, on, work
from textual.app import SystemCommand
from textual.timer import Timer
from textual.widgets import TextArea

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat, ModelConfig, Turn
from pocketllm_cli.titles import title_from
from pocketllm_cli.tui.file_names import with_files
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import (
    CommandWritten,
    CopyWanted,
    DeleteWanted,
    EditorWanted,
    Failed,
    PromptWritten,
    RenameWanted,
    TurnWanted,
)
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.places import PLACES
from pocketllm_cli.tui.prompts import Prompt
from pocketllm_cli.tui.screens.deeds import DeedsScreen
from pocketllm_cli.tui.slash_commands import SLASH_COMMANDS
from pocketllm_cli.tui.widgets.composer import Composer
from pocketllm_cli.tui.widgets.conversation import Conversation

_OF_THE_APP: Final = {
    "theme": "app.next_theme",
    "quit": "app.quit",
    **{name: f"app.open('{name}')" for name in PLACES},
}

_DRAFT_SECONDS: Final = 1.0


class WritingScreen(DeedsScreen):
    """Sends what is written, and does what commands and keys ask of messages."""

    BINDINGS = [
        bind("chat.new", "new"),
        bind("chat.model", "choose_model"),
        bind("chat.rename", "rename"),
        bind("chat.stop", "stop"),
        bind("chat.undo", "undo"),
    ]

    conversation = getters.query_one(Conversation)
    composer = getters.query_one(Composer)

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.models: list[ModelConfig] = []
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
        self.composer.put(self.parts.files.draft(self._draft_key()))
        self.show_chat(opened)

    @on(PromptWritten)
    def _send_written(self, event: PromptWritten) -> None:
        try:
            text = with_files(event.text, self.parts.folder)
        except PocketLLMError as error:
            self.composer.put(event.text)
            self.post_message(Failed("put the file into the prompt", error))
            return
        edited, opened = self._edited, self.current
        self._stop_editing()
        self.parts.files.keep_draft(self._draft_key(), "")
        if edited is not None:
            self.send(self.another_version(edited, text))
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
            )
        )

    @on(TurnWanted)
    def _do_with_turn(self, event: TurnWanted) -> None:
        turn = event.turn
        is_answer = turn.message.role == "assistant"
        match event.deed:
            case "fork":
                self.fork(self.current.chat, turn.message.id)
            case "before" | "after":
                self.show_version(turn, -1 if event.deed == "before" else 1)
            case "links":
                self.choose_link(turn)
            case "edit":
                self._edit(turn if not is_answer else self._question_before(turn))
            case "regenerate":
                self._regenerate(turn if is_answer else self._answer_after(turn))

    @on(CommandWritten)
    def _do_command(self, event: CommandWritten) -> None:
        match event.name:
            case "new":
                self.action_new()
            case "model":
                self.action_choose_model()
            case "rename":
                self.action_rename()
            case "fork":
                self.fork(self.current.chat, None)
            case "export":
                self.export(self.current.chat, event.rest or "markdown")
            case "delete":
                self._delete()
            case name if name in _OF_THE_APP:
                self.call_later(self.run_action, _OF_THE_APP[name])
            case _:
                self._do_with_last(event.name)

    def _do_with_last(self, name: str) -> None:
        """Do what is about the newest answer, question or deletion."""
        answer = self._last("assistant")
        question = self._last("user")
        if name == "undo":
            self.action_undo()
        elif name == "regenerate":
            self._regenerate(answer)
        elif name == "edit":
            self._edit(question)
        elif name == "copy" and answer is not None:
            self.post_message(CopyWanted(answer.message.content, "the answer"))

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

    def commands(self) -> Iterable[SystemCommand]:
        """Return what the command palette offers: every `/` command."""
        own = {name: about for name, about in SLASH_COMMANDS.items() if name not in _OF_THE_APP}
        for name, about in own.items():
            command = CommandWritten(name, "")
            yield SystemCommand(about, f"/{name}", partial(self.post_message, command))

    def interrupt(self) -> bool:
        """Stop the answer that runs; otherwise as everywhere."""
        if self.current.running is not None and not self.get_selected_text():
            self.stop(self.current.chat.id)
            return False
        return super().interrupt()

    def action_new(self) -> None:
        self.begin_chat()
        self.composer.area.focus()

    def action_rename(self) -> None:
        if self.current.is_stored:
            self.post_message(RenameWanted(self.current.chat))

    def action_stop(self) -> None:
        """Leave what is open: the completions, the edit, then the answer that runs."""
        if self.composer.dismiss_completions():
            return
        if self._edited is not None:
            self._stop_editing()
            self.composer.put(self.parts.files.draft(self._draft_key()))
        elif self.current.running is not None:
            self.stop(self.current.chat.id)
        else:
            self.conversation.clear_selection()
            self.composer.area.focus()

    @work(group="choose-model", exclusive=True)
    async def action_choose_model(self) -> None:
        """Ask for another model config for this chat."""
        from pocketllm_cli.tui.screens.dialogs import Choose

        if not self.models:
            self.tell(f"There are no model configs yet; {self.key('go.models')} adds one.")
            return
        choices = [(each.id, f"{each.name}  {each.provider}/{each.model}") for each in self.models]
        opened = self.current
        dialog = Choose("Which model answers in this chat?", choices, opened.chat.model_config_id)
        chosen = await self.app.push_screen_wait(dialog)
        if chosen is not None:
            self.use_model(opened, chosen)

    def use_model(self, opened: OpenedChat, config_id: str) -> None:
        """Let a model config answer in a chat from now on."""
        opened.chat = replace(opened.chat, model_config_id=config_id)
        if opened.is_stored:
            self.set_model(opened.chat.id, config_id)
        self.show_chat(opened)

    def _delete(self) -> None:
        chat = self.current.chat
        if self.current.is_stored:
            self.post_message(DeleteWanted(chat))
        else:
            self.begin_chat()

    def _edit(self, turn: Turn | None) -> None:
        if turn is None or self.current.running is not None:
            return
        self.keep_draft()
        self._edited = turn
        self.composer.put(turn.message.content)
        self.composer.area.border_title = "Another version of this question; Esc leaves it"
        self.composer.area.focus()

    def _stop_editing(self) -> None:
        self._edited = None
        self.composer.area.border_title = None

    def _regenerate(self, turn: Turn | None) -> None:
        if turn is not None and self.current.running is None:
            self.send(self.another_version(turn, None))

    def _last(self, role: str) -> Turn | None:
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

    def give_back(self, opened: OpenedChat, text: str) -> None:
        """Put the text of a prompt that was refused where it was written."""
        if opened is not self.current:
            self.parts.files.keep_draft(opened.chat.id if opened.is_stored else None, text)
        elif not self.composer.text:
            self.composer.put(text)

    def chat_shown(self, opened: OpenedChat) -> None:
        """Show what stands around the turns of the chat."""
        raise NotImplementedError
