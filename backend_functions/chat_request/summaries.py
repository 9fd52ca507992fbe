"""Summaries in the place of documents that do not fit a model's window.

The rule: where a question with all that goes with it is longer than the window has room for, its
documents give way to their summaries, the longest first, until it fits. A document that nobody had
analysed (a job `file_analysis`), or that was changed since, stays as it is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backend_functions.chat_request.context import Room, text_worth
from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.providers.base import Attachment, ChatTurn, Document
from backend_functions.types import Caller

_SQL = queries("chat_request")


@dataclass(frozen=True, slots=True)
class Shortened:
    """What is told, and the names of the documents that are told by their summaries."""

    turns: tuple[ChatTurn, ...]
    names: tuple[str, ...]


async def shorten(
    turns: Sequence[ChatTurn], room: Room, database: Database, caller: Caller
) -> Shortened:
    """Return turns with summaries in the place of as many documents as have to give way."""
    turns = tuple(turns)
    documents = [one for turn in turns for one in turn.attachments if isinstance(one, Document)]
    paths = sorted({one.path for one in documents if one.path})
    if not paths or room.holds(turns):
        return Shortened(turns, ())
    summaries = await _find_summaries(database, caller, paths)
    names = []
    for document in sorted(documents, key=text_worth, reverse=True):
        summary = summaries.get(document.path)
        if summary is None or not _is_of(summary, document):
            continue
        turns = tuple(_with(turn, document, _as_document(summary, document)) for turn in turns)
        names.append(document.name)
        if room.holds(turns):
            break
    return Shortened(turns, tuple(names))


async def _find_summaries(
    database: Database, caller: Caller, paths: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    async with database.as_user(caller) as connection:
        cursor = await connection.execute(
            _SQL.find_summaries, {"user_id": caller.user_id, "paths": list(paths)}
        )
        rows = await cursor.fetchall()
    return {row["output_data"]["path"]: row["output_data"] for row in rows}


def _is_of(summary: Mapping[str, Any], document: Document) -> bool:
    """Tell whether the file is still the one that was summarised."""
    data = (document.original or document).data
    return summary.get("sha256") == hashlib.sha256(data).hexdigest()


def _as_document(summary: Mapping[str, Any], document: Document) -> Document:
    read, characters = summary.get("read_characters"), summary.get("characters")
    part = "" if read == characters else f" of its first {read} of {characters} characters"
    note = f"(This is a summary{part}; the document itself is too long to be given to you.)"
    text = f"{note}\n\n{summary.get('summary', '')}"
    return Document("text/plain", text.encode(errors="replace"), document.name)


def _with(turn: ChatTurn, old: Attachment, new: Attachment) -> ChatTurn:
    if not any(one is old for one in turn.attachments):
        return turn
    return replace(turn, attachments=tuple(new if one is old else one for one in turn.attachments))
