"""`pocketllm ask`: one question, one answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.questions import Question, put_question
from pocketllm_cli.api.reading import ReadAnswer
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.answering import AnswerShow, Look
from pocketllm_cli.commands.suggestions import ID_DIGITS, suggest_chats, suggest_models
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.console import Console
from pocketllm_cli.errors import PocketLLMError, UsageProblem
from pocketllm_cli.interrupts import StopSignals, stoppable
from pocketllm_cli.piped_text import check_prompt, read_piped_text
from pocketllm_cli.titles import title_from
from pocketllm_cli.transfer_line import TransferLine

if TYPE_CHECKING:
    from pocketllm_cli.attachables import Attachable

_CANCEL_SECONDS: Final = 2.0
_NOT_ASKED: Final = "Stopped before anything was asked."
_DELETED: Final = "Stopped; the temporary chat is deleted."
_GOES_ON: Final = (
    "Stopped, but the backend could not be told: the answer goes on and is kept. "
    "Read it with `pocketllm chats show last`."
)

app = single()


@verb(
    app,
    "ask",
    'pocketllm ask "What is the capital of France?"',
    'git diff | pocketllm ask "Write a commit message"',
    "pocketllm ask -c shorter",
    "pocketllm ask -a photo.jpg -a notes.txt 'What is this?'",
    "pocketllm ask -a - 'What is this?' < photo.jpg",
    "pocketllm ask --regenerate",
)
def ask(
    ctx: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="The question; piped text is put before it."),
    ] = None,
    go_on: Annotated[
        bool, typer.Option("-c", "--continue", help="Go on in the last chat.")
    ] = False,
    chat: Annotated[
        str | None,
        typer.Option(
            "--chat", metavar="ID", help="Go on in this chat.", autocompletion=suggest_chats
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "-m",
            "--model",
            metavar="NAME",
            help="A model config's name.",
            autocompletion=suggest_models,
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option("-s", "--system", metavar="TEXT", help="A system prompt.")
    ] = None,
    attach: Annotated[
        list[str] | None,
        typer.Option(
            "-a",
            "--attach",
            metavar="FILE",
            help="A picture, PDF or text, - for stdin; repeatable.",
        ),
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Search the web first; the sources are listed.")
    ] = False,
    regenerate: Annotated[
        bool, typer.Option("--regenerate", help="Answer the chat's last question once more.")
    ] = False,
    edit: Annotated[
        str | None,
        typer.Option(
            "--edit", metavar="MESSAGE", help="Put TEXT in the place of this question (or `last`)."
        ),
    ] = None,
    extract: Annotated[
        bool, typer.Option("-x", "--extract", help="Print only the first fenced code block.")
    ] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print at the end.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="No markdown rendering.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="One JSON object a line, as it happens.")
    ] = False,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Delete the chat when the answer is there.")
    ] = False,
) -> None:
    """Ask one question; the answer streams to stdout.

    Text on stdin comes first, then TEXT, a blank line between. The question and its answer are
    kept in a new chat, or in the one that -c or --chat name. With --regenerate or --edit they are
    another version in the last chat, or in the one named. Ctrl-C stops the answer and keeps what
    there is of it.
    """
    app = app_of(ctx)
    app.invocation.as_json |= events
    wanted = _Wanted(go_on, chat, system, regenerate, edit, temporary)
    wanted.check(has_text=bool(text), has_files=bool(attach))
    typed = " ".join(text or ())
    files = _attached(attach)
    prompt = None if regenerate else _read_prompt(app.console, typed, attach or ())
    question = Question(
        prompt=prompt,
        title=title_from(typed if typed.strip() else prompt or ""),
        chat=LAST if go_on else chat,
        model=model,
        system=system,
        edit=edit,
        is_temporary=temporary,
        searches_web=web,
        files=files,
        progress=TransferLine(app.console, "Uploading"),
    )
    show = AnswerShow(app, Look(events=events, extract=extract, no_stream=no_stream, raw=raw))
    with show.printer:
        app.run(lambda api: converse(api, question, show))
    _remember(app, question, show.chat_id)
    show.conclude()


def _remember(app: App, question: Question, chat_id: str | None) -> None:
    """Let completion know the chat that was made."""
    if chat_id and question.chat is None and question.prompt and not question.is_temporary:
        app.remembered.add("chats", (chat_id[:ID_DIGITS], question.title))


def _attached(words: list[str] | None) -> "tuple[Attachable, ...]":
    if not words:
        return ()
    from pocketllm_cli.commands.attaching import attached_files  # only where something is attached

    return attached_files(words)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options that do not go with all others."""

    go_on: bool
    chat: str | None
    system: str | None
    regenerate: bool
    edit: str | None
    temporary: bool

    def check(self, *, has_text: bool, has_files: bool) -> None:
        """Refuse what contradicts itself."""
        is_version = self.regenerate or self.edit is not None
        if (self.go_on or self.chat or is_version) and self.temporary:
            raise UsageProblem("--temporary is for a new chat, not for one to go on in.")
        if self.go_on and self.chat:
            raise UsageProblem("Give either -c or --chat, not both.")
        if self.regenerate and (self.edit is not None or has_text or has_files):
            raise UsageProblem(
                "--regenerate answers the same question again; it takes no text and no files.",
                hint="`pocketllm ask --edit last TEXT` changes the question.",
            )
        if is_version and self.system:
            raise UsageProblem("A system prompt goes with a new question only.")


def _read_prompt(console: Console, typed: str, attached: Sequence[str]) -> str:
    is_taken = "-" in attached  # what is piped is the file, then
    piped = "" if is_taken else (read_piped_text(console.narrate) or "").rstrip("\n")
    return check_prompt("\n\n".join(part for part in (piped, typed) if part.strip()))


async def converse(api: Api, question: Question, show: AnswerShow) -> None:
    """Ask, and show the answer as it comes; the first signal stops it and keeps what there is.

    Raises:
        Stopped: A signal came.
        PocketLLMError: The question was refused, or its answer could not be read.
    """
    async with stoppable() as signals:
        signals.outcome = _NOT_ASKED
        async with put_question(api, question) as answer:
            try:
                await show.run(answer.events())
            except asyncio.CancelledError:
                if answer.is_asked:
                    signals.outcome = _DELETED if question.is_temporary else None
                    await _cancel(answer, show, signals)
                raise
            signals.outcome = None


async def _cancel(answer: ReadAnswer, show: AnswerShow, signals: StopSignals) -> None:
    """Stop the answer at the backend, and show what of it had not come yet."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            for event in await answer.cancel():
                show.take(event)
    except (PocketLLMError, TimeoutError):
        signals.outcome = signals.outcome or _GOES_ON
