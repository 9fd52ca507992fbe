"""`pocketllm ask`: one question, one answer."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from pocketllm_cli.api.answers import AnswerEvent, Done, Failed, Started
from pocketllm_cli.api.chats import LAST
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.questions import Question, put_question
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import AnswerIncomplete, UsageProblem, error_for
from pocketllm_cli.piped_text import check_prompt, read_piped_text
from pocketllm_cli.printers import EventPrinter, PlainPrinter, Printer, RecordPrinter, WholePrinter
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.titles import title_from

_INCOMPLETE: Final = {"incomplete", "interrupted", "cancelled", "failed"}
_FAREWELL: Final = "The answer goes on and is kept; read it with `pocketllm chats show last`."

app = single()


@verb(
    app,
    "ask",
    'pocketllm ask "What is the capital of France?"',
    'git diff | pocketllm ask "Write a commit message"',
    "pocketllm ask -c shorter",
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
        str | None, typer.Option("--chat", metavar="ID", help="Go on in this chat.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", metavar="NAME", help="A model config's name.")
    ] = None,
    system: Annotated[
        str | None, typer.Option("-s", "--system", metavar="TEXT", help="A system prompt.")
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
    kept in a new chat, or in the one that -c or --chat name.
    """
    app = app_of(ctx)
    app.invocation.as_json |= events
    if (go_on or chat) and temporary:
        raise UsageProblem("--temporary is for a new chat, not for one to go on in.")
    if go_on and chat:
        raise UsageProblem("Give either -c or --chat, not both.")
    typed = " ".join(text or ())
    piped = (read_piped_text(app.console.narrate) or "").rstrip("\n")
    prompt = check_prompt("\n\n".join(part for part in (piped, typed) if part.strip()))
    question = Question(
        prompt=prompt,
        title=title_from(typed if typed.strip() else prompt),
        chat=LAST if go_on else chat,
        model=model,
        system=system,
        is_temporary=temporary,
    )
    look = _Look(events=events, extract=extract, no_stream=no_stream, raw=raw)
    with _choose_printer(app, look) as printer:
        last = app.run(lambda api: _print_answer(app, api, question, printer))
    _judge(app, last)


@dataclass(frozen=True, slots=True)
class _Look:
    """How the answer is wanted."""

    events: bool
    extract: bool
    no_stream: bool
    raw: bool


def _choose_printer(app: App, look: _Look) -> Printer:
    console = app.console
    if look.events:
        return EventPrinter(console)
    if app.invocation.as_json:
        return RecordPrinter(console)
    can_render = console.is_terminal and not app.settings.is_dumb_terminal
    show_markdown = can_render and not look.raw
    if look.extract or look.no_stream:
        return WholePrinter(console, only_code=look.extract, show_markdown=show_markdown)
    if show_markdown:
        from pocketllm_cli.markdown import MarkdownPrinter  # brings in rich

        return MarkdownPrinter(console)
    return PlainPrinter(console)


async def _print_answer(app: App, api: Api, question: Question, printer: Printer) -> AnswerEvent:
    last: AnswerEvent | None = None
    async with aclosing(put_question(api, question)) as events:
        async for event in events:
            if isinstance(event, Started) and not question.is_temporary:
                app.invocation.farewell = _FAREWELL
            printer.show(event)
            last = event
    assert last is not None
    return last


def _judge(app: App, last: AnswerEvent) -> None:
    """Raise what the last event means for the exit code."""
    if isinstance(last, Failed):
        raise error_for(last.code, clean_line(last.message) or None)
    assert isinstance(last, Done)
    if last.message.status in _INCOMPLETE:
        raise AnswerIncomplete
    if last.message.status == "truncated":
        app.console.narrate("The answer was cut at the max_tokens of the model config.")
