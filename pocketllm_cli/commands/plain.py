"""`pocketllm --plain`: a chat line by line, for screen readers and for terminals that know no more.

Nothing is ever drawn anew: no alternate screen, no cursor movement, no colours. What one types is a
question, or a command after `/`; how things stand is said in words.
"""

from collections.abc import Callable
from typing import Final
from uuid import uuid4

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.questions import Question
from pocketllm_cli.app import App
from pocketllm_cli.columns import local_time
from pocketllm_cli.commands.answering import AnswerShow, Look
from pocketllm_cli.commands.ask import converse
from pocketllm_cli.errors import PocketLLMError, Stopped, UsageProblem
from pocketllm_cli.models import Chat, ChatWithTurns, ModelConfig
from pocketllm_cli.piped_text import check_prompt
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.titles import check_title, title_from

_LISTED: Final = 20
_WELCOME: Final = (
    "PocketLLM, plain. Type a question and press Enter; /help lists the commands, /quit leaves.\n"
    "A line that ends with a backslash goes on in the next one. Control C stops an answer."
)
_WHO: Final = {"user": "You", "assistant": "Answer", "system": "System prompt"}


class PlainChat:
    """The loop, and the chat one is in."""

    def __init__(self, app: App, chat: str | None) -> None:
        self._app, self._console = app, app.console
        self._chat_id = chat
        self._model: str | None = None
        self._listed: list[Chat] = []
        self._is_over = False

    def run(self) -> None:
        """Take lines until one leaves, or nothing more comes."""
        self._console.write_line(_WELCOME)
        if self._chat_id is not None:
            self._guarded(lambda: self._open(str(self._chat_id)))
        while not self._is_over:
            try:
                text = self._read()
            except KeyboardInterrupt:  # or the end of the input
                break
            if text.strip():
                self._guarded(lambda text=text: self._take(text.strip()))  # type: ignore[misc]
        self._console.write_line("Good bye.")

    def _read(self) -> str:
        lines = [self._console.ask_line("You:")]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(self._console.ask_line("More:"))
        return "\n".join(lines)

    def _guarded(self, deed: Callable[[], None]) -> None:
        """Do something; what goes wrong is said, and the loop goes on."""
        try:
            deed()
        except Stopped as error:
            self._console.write_line(error.message)
        except PocketLLMError as error:
            self._console.write_line(f"Error: {error.message}\nWhat helps: {error.hint}")

    def _take(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if not name.startswith("/"):
            self._ask(check_prompt(text))
        elif name in _COMMANDS:
            _COMMANDS[name][0](self, rest.strip())
        else:
            raise UsageProblem(f"There is no command {clean_line(name)}.", hint="Type /help.")

    def _ask(self, prompt: str | None) -> None:
        if self._chat_id is None:
            self._chat_id = self._app.run(lambda api: _begin(api, prompt or ""))
        question = Question(prompt, chat=self._chat_id, model=self._model)
        self._console.write_line("Asking.")
        show = AnswerShow(self._app, Look(raw=True, is_linear=True))
        with show.printer:
            self._app.run(lambda api: converse(api, question, show))
        show.conclude()
        self._console.write_line("End of the answer.")

    def _help(self, rest: str) -> None:
        lines = [f"{name}: {about}" for name, (_, about) in _COMMANDS.items()]
        self._console.write_line("\n".join(lines))

    def _new(self, rest: str) -> None:
        self._chat_id = None
        self._console.write_line("A new chat begins with your next question.")

    def _list(self, rest: str) -> None:
        self._listed = self._app.run(lambda api: api.chats.newest(_LISTED))
        lines = [
            f"{place}: {clean_line(chat.title)}, {local_time(chat.updated_at)}"
            for place, chat in enumerate(self._listed, 1)
        ]
        self._console.write_line("\n".join(lines) or "There are no chats yet.")
        if lines:
            self._console.write_line("Open one with /open and its number.")

    def _open(self, reference: str) -> None:
        if reference.isdecimal() and 1 <= int(reference) <= len(self._listed):
            reference = self._listed[int(reference) - 1].id
        if not reference:
            raise UsageProblem("Which chat?", hint="Give a number of /chats, an id, or last.")
        chat = self._app.run(lambda api: api.chats.find(reference))
        self._chat_id = chat.id
        self._console.write_line(f"You are in the chat {clean_line(chat.title)}. /read reads it.")

    def _show(self, rest: str) -> None:
        chat_id = self._chat_or_fail()

        async def work(api: Api) -> ChatWithTurns:
            return await api.messages.read(await api.chats.find(chat_id))

        for turn in self._app.run(work).branch:
            message = turn.message
            who = _WHO.get(message.role, clean_line(message.role))
            self._console.write_line(f"{who}:\n{clean_text(message.content).strip()}")
        self._console.write_line("End of the chat.")

    def _choose_model(self, name: str) -> None:
        async def work(api: Api) -> list[ModelConfig]:
            return [await api.model_configs.find(name)] if name else await api.model_configs.all()

        configs = self._app.run(work)
        if name:
            self._model = configs[0].name
            self._console.write_line(f"{clean_line(self._model)} answers from now on.")
            return
        lines = [
            f"{clean_line(each.name)}: {clean_line(each.provider)}, {clean_line(each.model)}"
            + (", the default" if each.is_default else "")
            for each in configs
        ]
        self._console.write_line("\n".join(lines) or "There are no model configs yet.")

    def _rename(self, title: str) -> None:
        chat_id = self._chat_or_fail()

        async def work(api: Api) -> Chat:
            return await api.chats.rename(await api.chats.find(chat_id), check_title(title))

        self._console.write_line(f"The chat is called {clean_line(self._app.run(work).title)} now.")

    def _delete(self, rest: str) -> None:
        chat_id = self._chat_or_fail()
        self._app.run(lambda api: api.chats.delete([chat_id]))
        self._chat_id = None
        self._console.write_line(f"Deleted. `pocketllm chats restore {chat_id}` brings it back.")

    def _regenerate(self, rest: str) -> None:
        self._chat_or_fail()
        self._ask(None)

    def _quit(self, rest: str) -> None:
        self._is_over = True

    def _chat_or_fail(self) -> str:
        if self._chat_id is None:
            raise UsageProblem("You are in no chat yet.", hint="Ask something, or /open one.")
        return self._chat_id


_COMMANDS: Final[dict[str, tuple[Callable[[PlainChat, str], None], str]]] = {
    "/help": (PlainChat._help, "list the commands"),
    "/new": (PlainChat._new, "begin a new chat"),
    "/chats": (PlainChat._list, "list your chats, the last used first"),
    "/open": (PlainChat._open, "go on in a chat: its number in the list, its id, or last"),
    "/read": (PlainChat._show, "read the chat from its beginning"),
    "/model": (PlainChat._choose_model, "list the model configs, or choose one by its name"),
    "/regenerate": (PlainChat._regenerate, "have the last question answered once more"),
    "/rename": (PlainChat._rename, "give the chat another title"),
    "/delete": (PlainChat._delete, "delete the chat"),
    "/quit": (PlainChat._quit, "leave"),
}


async def _begin(api: Api, prompt: str) -> str:
    """Make a chat and return its id."""
    chat_id = str(uuid4())
    await api.chats.open(chat_id, title_from(prompt), None)
    return chat_id
