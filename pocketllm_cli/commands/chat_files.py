"""`pocketllm chats export` and `pocketllm chats import`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.commands.suggestions import suggest_chats
from pocketllm_cli.console import Console
from pocketllm_cli.errors import UsageProblem

if TYPE_CHECKING:
    from pocketllm_cli.exports.whole_chat import WholeChat

_AT_ONCE: Final = 4
"""Calls that bring in chats side by side: the backend works on one while others travel."""
_A_BATCH: Final = 200


_BAR: Final = 20


class Format(StrEnum):
    """What a chat is written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class Origin(StrEnum):
    """What wrote a file of chats."""

    POCKETLLM = "pocketllm"
    CHATGPT = "chatgpt"
    CLAUDE = "claude"
    LLM = "llm"


def export(
    ctx: typer.Context,
    chat_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="An id, its beginning, or `last`.",
            autocompletion=suggest_chats,
        ),
    ] = None,
    all_chats: Annotated[bool, typer.Option("--all", help="Every chat.")] = False,
    form: Annotated[
        Format, typer.Option("--format", help="JSON holds every version and can be imported.")
    ] = Format.MARKDOWN,
) -> None:
    """Write a chat to stdout as Markdown, JSON, or one HTML page that needs nothing else."""
    if (chat_id is None) != all_chats:
        raise UsageProblem("Give either one chat or --all.", hint="`pocketllm chats export last`")
    if all_chats and form is Format.HTML:
        raise UsageProblem("HTML is one page for one chat.", hint="Use markdown or json for --all.")
    app = app_of(ctx)

    async def work(api: Api) -> int:
        writer = _Writer(app.console, form)
        async for chat in _chosen(api, chat_id):
            writer.write(chat)
        return writer.finish()

    count = app.run(work)
    if all_chats:
        app.console.narrate(f"Exported {_chats(count)}.")


async def _chosen(api: Api, chat_id: str | None) -> AsyncIterator["WholeChat"]:
    if chat_id is None:
        async for chat in api.whole_chats.read_all():
            yield chat
    else:
        found = await api.chats.find(chat_id)
        if (whole := await api.whole_chats.read(found.id)) is not None:
            yield whole


class _Writer:
    """Writes chats one after the other, none of them held longer than that takes."""

    def __init__(self, console: Console, form: Format) -> None:
        self._console = console
        self._form = form
        self._count = 0

    def write(self, chat: "WholeChat") -> None:
        """Write one more chat."""
        self._console.write(self._text(chat))
        self._count += 1

    def finish(self) -> int:
        """End the document and return how many chats it has."""
        if self._form is Format.JSON:
            from pocketllm_cli.exports.whole_chat import DOCUMENT_END, DOCUMENT_START

            start = "" if self._count else DOCUMENT_START
            self._console.write(f"{start}{DOCUMENT_END}")
        return self._count

    def _text(self, chat: "WholeChat") -> str:
        if self._form is Format.HTML:
            from pocketllm_cli.exports.html import render_html

            return render_html(chat.as_turns())
        if self._form is Format.MARKDOWN:
            from pocketllm_cli.exports.markdown import render_markdown

            return ("\n" if self._count else "") + render_markdown(chat.as_turns())
        from pocketllm_cli.exports.whole_chat import DOCUMENT_START, render_record

        return (",\n" if self._count else DOCUMENT_START) + render_record(chat)


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, its archive, or a log.")],
    origin: Annotated[
        Origin | None, typer.Option("--from", help="What wrote it; found out by itself.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be brought in.")
    ] = False,
) -> None:
    """Bring in chats of another program, or of an export; what is there already stays as it is."""
    app = app_of(ctx)
    app.invocation.farewell = None if dry_run else "Stopped. The same command goes on from here."
    counts = app.run(lambda api: _bring_in(app, api, file, origin, dry_run=dry_run))
    app.console.emit(counts, lambda counts, page: _as_text(counts, dry_run=dry_run))


async def _bring_in(
    app: App, api: Api, file: Path, origin: Origin | None, *, dry_run: bool
) -> dict[str, int]:
    from pocketllm_cli.api.whole_chats import in_loads
    from pocketllm_cli.imports.files import read_file

    user_id = (await api.account()).id
    progress = _ImportProgress(app.console)
    records = read_file(file, origin.value if origin else None, user_id, progress.note_total)
    counts = {"chats": 0, "messages": 0, "already_there": 0}
    while batch := await asyncio.to_thread(_take, records):
        known = await api.whole_chats.known([record["id"] for record in batch])
        new = [record for record in batch if record["id"] not in known]
        counts["already_there"] += len(batch) - len(new)
        for record in batch:
            if record["id"] in known and not dry_run:
                counts["messages"] += await api.whole_chats.finish(record)
        progress.show(len(batch) - len(new))
        loads = in_loads(new)
        for start in range(0, len(loads), _AT_ONCE):
            some = loads[start : start + _AT_ONCE]
            _count_in(counts, some, await _put(api, some, user_id, dry_run=dry_run))
            progress.show(sum(map(len, some)))
    app.console.show_briefly("")
    return counts


class _ImportProgress:
    """Shows how many chats of a file have been gone through, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0

    def note_total(self, total: int) -> None:
        """Note how many chats there are at most."""
        self._total = total

    def show(self, more: int) -> None:
        """Show that so many more are done."""
        self._done += more
        if not self._console.can_animate:
            return
        if self._total < self._done:
            self._console.show_briefly(f"Importing: {_chats(self._done)} …")
            return
        bar = "#" * (self._done * _BAR // self._total)
        counted = f"{self._done:,} of {_chats(self._total)}"
        self._console.show_briefly(f"Importing [{bar:{_BAR}}] {counted} …")


async def _put(
    api: Api, loads: list[list[dict[str, Any]]], user_id: str, *, dry_run: bool
) -> list[list[bool]]:
    if dry_run:
        return [[True] * len(load) for load in loads]
    return await asyncio.gather(*(api.whole_chats.put_together(load, user_id) for load in loads))


def _count_in(
    counts: dict[str, int], loads: list[list[dict[str, Any]]], put: list[list[bool]]
) -> None:
    for load, are_new in zip(loads, put, strict=True):
        for record, is_new in zip(load, are_new, strict=True):
            counts["chats"] += is_new
            counts["already_there"] += not is_new
            counts["messages"] += len(record["messages"]) if is_new else 0


def _take(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(islice(records, _A_BATCH))


def _chats(count: int) -> str:
    return f"{count:,} chat{'' if count == 1 else 's'}"


def _as_text(counts: dict[str, int], *, dry_run: bool) -> str:
    deed = "Would import" if dry_run else "Imported"
    text = f"{deed} {_chats(counts['chats'])} with {counts['messages']:,} messages."
    if there := counts["already_there"]:
        text += f" {_chats(there)} {'was' if there == 1 else 'were'} there already."
    return text
