"""The part of the chat screen that does what commands ask, written or chosen in the palette."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from textual import on, work
from textual.app import SystemCommand

from pocketllm_cli.models import Chat, ModelConfig
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.list_messages import ArchiveWanted, DeleteWanted, RenameWanted
from pocketllm_cli.tui.messages import CommandWritten, CopyWanted
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.places import PLACES
from pocketllm_cli.tui.screens.writing import WritingScreen
from pocketllm_cli.tui.slash_commands import SLASH_COMMANDS

_ACTIONS: Final = {
    "new": "screen.new",
    "undo": "screen.undo",
    "archived": "screen.show_archive",
    "theme": "app.next_theme",
    "quit": "app.quit",
    **{name: f"app.open('{name}')" for name in PLACES},
}


class CommandingScreen(WritingScreen):
    """Does what is asked of the chat that is open."""

    BINDINGS = [
        bind("chat.new", "new"),
        bind("chat.model", "choose_model"),
        bind("chat.rename", "rename"),
        bind("chat.undo", "undo"),
    ]

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.models: list[ModelConfig] = []

    @on(CommandWritten)
    def _do_command(self, event: CommandWritten) -> None:
        if event.name in _ACTIONS:
            self.call_later(self.run_action, _ACTIONS[event.name])
            return
        rest, chat = event.rest, self.current.chat
        match event.name:
            case "model":
                self._take_model_named(rest)
            case "rename" if self.current.is_stored:
                self.post_message(RenameWanted(chat, rest))
            case "fork":
                self.fork(chat, None)
            case "export":
                self.export(chat, rest or "markdown")
            case "archive" | "unarchive":
                self._archive(chat, is_wanted=event.name == "archive")
            case "delete":
                self._delete()
            case "attach":
                self.attach_named(rest)
            case "files":
                self.show_files(self.current.stored)
            case _:
                self._do_with_last(event.name)

    def _do_with_last(self, name: str) -> None:
        """Do what is about the newest answer or question."""
        answer = self.last_turn("assistant")
        if name == "regenerate":
            self.regenerate(answer)
        elif name == "edit":
            self.edit(self.last_turn("user"))
        elif name == "thoughts":
            self.conversation.action_toggle_thoughts()
        elif name == "copy" and answer is not None:
            self.post_message(CopyWanted(answer.message.content, "the answer"))

    def _archive(self, chat: Chat, *, is_wanted: bool) -> None:
        if self.current.is_stored and is_wanted == (chat.archived_at is None):
            self.post_message(ArchiveWanted(chat))

    def _take_model_named(self, name: str) -> None:
        """Let the model config of this name answer; without a name, ask which."""
        found = [each for each in self.models if each.name.casefold() == name.casefold()]
        if found:
            self.use_model(self.current, found[0].id)
            self.tell(f"{found[0].name} answers in this chat from now on.")
        elif name:
            self.tell(f"There is no model config “{name}”.", is_failure=True)
        else:
            self.action_choose_model()

    def commands(self) -> Iterable[SystemCommand]:
        """Return what the command palette offers: every `/` command."""
        for name, about in SLASH_COMMANDS.items():
            if _ACTIONS.get(name, "").startswith("app."):
                continue  # the app offers them on every screen
            command = CommandWritten(name, "")
            yield SystemCommand(about, f"/{name}", partial(self.post_message, command))

    def action_new(self) -> None:
        self.begin_chat()
        self.composer.area.focus()

    def action_rename(self) -> None:
        if self.current.is_stored:
            self.post_message(RenameWanted(self.current.chat))

    @work(group="choose-model", exclusive=True)
    async def action_choose_model(self) -> None:
        """Ask for another model config for this chat."""
        if not self.models:
            self.tell(f"There are no model configs yet; {self.key('go.models')} adds one.")
            return
        choices = [(each.id, f"{each.name}  {each.provider}/{each.model}") for each in self.models]
        opened = self.current
        from pocketllm_cli.tui.screens.dialogs import Choose

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
