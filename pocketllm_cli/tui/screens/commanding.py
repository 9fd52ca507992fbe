"""The part of the chat screen that does what commands ask, written or chosen in the palette."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from textual import on, work
from textual.app import SystemCommand
from textual.widget import Widget

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat, ModelConfig
from pocketllm_cli.tui.keys import KEYS, bind
from pocketllm_cli.tui.list_messages import ArchiveWanted, DeleteWanted, RenameWanted
from pocketllm_cli.tui.messages import CommandWritten, CopyWanted
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.places import PLACES
from pocketllm_cli.tui.screens.imaging import ImagingScreen
from pocketllm_cli.tui.slash_commands import SLASH_COMMANDS

_ACTIONS: Final = {
    "new": "screen.new",
    "undo": "screen.undo",
    "archived": "screen.show_archive",
    "theme": "app.next_theme",
    "quit": "app.quit",
    **{name: f"app.open('{name}')" for name in PLACES if name != "files"},
    "storage": "app.open('files')",  # `/files` is about those of the chat that is open
}
_OF_NO_CHAT: Final = frozenset({"model", "delete", "attach", "image"})
"""What else can be asked of a chat in which nothing was asked yet."""
_OF_THE_SCREEN: Final = {
    "chat.list": "go_to_chats",
    "chat.sidebar": "toggle_chats",
    "chat.messages": "go_to_messages",
}
_OF_THE_COMPOSER: Final = {"composer.files": "files", "composer.editor": "editor"}
_OF_A_MESSAGE: Final = {
    "messages.copy_code": "copy_code",
    "messages.version_before": "do('before')",
    "messages.version_after": "do('after')",
    "messages.links": "do('links')",
}
_PATIENCE_SECONDS: Final = 1.0


class CommandingScreen(ImagingScreen):
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
        elif event.name not in _OF_NO_CHAT and not self.current.is_stored:
            self.tell("Nothing was asked in this chat yet.")
        else:
            self._do_with_chat(event.name, event.rest)

    def _do_with_chat(self, name: str, rest: str) -> None:
        chat = self.current.chat
        match name:
            case "model" if rest:
                self._take_model_named(rest)
            case "model":
                self.action_choose_model()
            case "rename":
                self.post_message(RenameWanted(chat, rest))
            case "fork":
                self.fork(chat, None)
            case "export":
                self.export(chat, rest or "markdown")
            case "archive" | "unarchive":
                self._archive(chat, is_wanted=name == "archive")
            case "delete":
                self._delete()
            case _:
                self._do_with_files(name, rest)

    def _do_with_files(self, name: str, rest: str) -> None:
        """Do what is about files and pictures, or about the newest answer or question."""
        if name == "image":
            self.make_image(rest)
        elif name == "attach":
            self.attach_named(rest)
        elif name == "files":
            self.show_files(self.current.stored)
        else:
            self._do_with_last(name)

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
        if is_wanted == (chat.archived_at is None):
            self.post_message(ArchiveWanted(chat))
        else:
            self.tell(f"This chat is {'' if is_wanted else 'not '}in the archive.")

    def _take_model_named(self, name: str) -> None:
        """Let the model config of this name answer; one that is known does so at once."""
        if not self._use_model_named(self.current, name):
            self._look_for_model(self.current, name)

    @work(group="choose-model", exclusive=True)
    async def _look_for_model(self, opened: OpenedChat, name: str) -> None:
        await self._read_models()
        if not self._use_model_named(opened, name):
            self.tell(f"There is no model config “{name}”.", is_failure=True)

    def _use_model_named(self, opened: OpenedChat, name: str) -> bool:
        wanted = name.casefold()
        found = next((each for each in self.models if each.name.casefold() == wanted), None)
        if found is not None and not found.answers:
            self.tell(f"{found.name} is for pictures or web search: no chat can be had with it.")
        elif found is not None:
            self.use_model(opened, found.id)
            self.tell(f"{found.name} answers in this chat from now on.")
        return found is not None

    async def _read_models(self) -> None:
        """Read the configs anew: another program may have added some, and nobody tells of them."""
        with suppress(PocketLLMError, TimeoutError):  # those that are known must do
            async with asyncio.timeout(_PATIENCE_SECONDS):
                self.models = await self.parts.api.model_configs.all()

    def commands(self) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every `/` command, and what has only a key."""
        for name, about in SLASH_COMMANDS.items():
            if _ACTIONS.get(name, "").startswith("app."):
                continue  # the app offers them on every screen
            command = CommandWritten(name, "")
            yield SystemCommand(about, f"/{name}", partial(self.post_message, command))
        parts: tuple[tuple[Widget, Mapping[str, str]], ...] = (
            (self, _OF_THE_SCREEN),
            (self.composer.area, _OF_THE_COMPOSER),
            (self.conversation, _OF_A_MESSAGE),
        )
        for part, actions in parts:
            for key_id, action in actions.items():
                about = KEYS[key_id].description
                yield SystemCommand(about, self.key(key_id), partial(part.run_action, action))

    def action_new(self) -> None:
        self.begin_chat()
        self.set_focus(self.composer.area)

    def action_rename(self) -> None:
        self.post_message(CommandWritten("rename", ""))

    @work(group="choose-model", exclusive=True)
    async def action_choose_model(self) -> None:
        """Ask for another model config for this chat."""
        opened = self.current
        await self._read_models()
        models = [each for each in self.models if each.answers]
        if not models:
            self.tell(f"There are no model configs yet; {self.key('go.models')} adds one.")
            return
        choices = [(each.id, f"{each.name}  {each.provider}/{each.model}") for each in models]
        from pocketllm_cli.tui.screens.dialogs import Choose  # not for the first frame

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
