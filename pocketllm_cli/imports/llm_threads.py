"""The log of `llm` as later versions keep it: threads of messages, each named by its hash.

Source: `llm/migrations.py` of llm 0.36. A message knows the one before it, and threads that begin
alike share messages. What was said stands in parts, of which some refer to fragments.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pocketllm_cli.imports.records import ForeignChat, ForeignMessage, moment, without_nul

_THREADS: Final = """
select id, name, tip_message_hash, datetime_utc from threads order by id
"""
_TURNS: Final = """
select tip_message_hash, model, datetime_utc, input_tokens, output_tokens
from turns where thread_id = ? order by datetime_utc, id
"""
_MESSAGES: Final = """
with recursive told (hash, parent_hash, role) as (
  select hash, parent_hash, role from messages
  where hash = :tip or hash in (select tip_message_hash from turns where thread_id = :thread)
  union
  select parent.hash, parent.parent_hash, parent.role
  from messages as parent join told on told.parent_hash = parent.hash
)
select told.hash, told.parent_hash, told.role, part.type, part.text, part.payload
from told left join parts as part on part.message_hash = told.hash
order by told.hash, part.position
"""
_FRAGMENT: Final = "select content from fragments where id = ?"
_ROLES: Final = ("system", "user", "assistant")


def has_threads(database: sqlite3.Connection) -> bool:
    """Say whether the log is of such a version."""
    tables = {row[0] for row in database.execute("select name from sqlite_master")}
    return {"threads", "turns", "messages", "parts"} <= tables


def read_threads(database: sqlite3.Connection, source: str) -> Iterator[ForeignChat]:
    """Yield a chat for each thread that holds anything, all its branches in it."""
    for thread, name, tip, when in database.execute(_THREADS).fetchall():
        turns = {row[0]: row for row in database.execute(_TURNS, (thread,))}
        messages = _messages(database, {"thread": thread, "tip": tip}, turns, moment(when))
        if not messages:
            continue
        times = [one.created_at for one in messages.values() if one.created_at]
        first = next((one.content for one in messages.values() if one.role == "user"), "")
        yield ForeignChat(
            source=source,
            key=str(thread),
            title=str(name or first),
            created_at=moment(when) or min(times, default=None),
            updated_at=max(times, default=None),
            messages=tuple(messages.values()),
            tip_key=tip if tip in messages else None,
        )


def _messages(
    database: sqlite3.Connection,
    names: Mapping[str, str],
    turns: Mapping[str, tuple[Any, ...]],
    began_at: str | None,
) -> dict[str, ForeignMessage]:
    """Return the messages of a thread by their hashes, a parent before what follows it."""
    parents: dict[str, tuple[str | None, str]] = {}
    texts: dict[str, list[str]] = {}
    for key, parent, role, kind, text, payload in database.execute(_MESSAGES, names):
        parents[key] = (parent, role)
        texts.setdefault(key, []).append(_part(database, kind, text, payload))
    told: dict[str, ForeignMessage] = {}
    for key in _parents_first(parents):
        parent, role = parents[key]
        while parent is not None and parent not in told:  # tools say nothing to a person
            parent = parents[parent][0] if parent in parents else None
        content = without_nul("\n\n".join(filter(None, texts[key])))
        if role not in _ROLES or not content:
            continue
        _, model, at, *counts = turns.get(key, (None,) * 5)
        when = moment(at) or (told[parent].created_at if parent else began_at)
        about = _about(model, counts) if role == "assistant" else {}
        told[key] = ForeignMessage(key, parent, role, content, when, about)
    return told


def _parents_first(parents: Mapping[str, tuple[str | None, str]]) -> list[str]:
    ordered: dict[str, None] = {}
    for key in parents:
        line, at = [], key
        while at in parents and at not in ordered and at not in line:
            line.append(at)
            at = parents[at][0] or ""
        ordered |= dict.fromkeys(reversed(line))
    return list(ordered)


def _about(model: object, counts: list[Any]) -> dict[str, Any]:
    named = dict(zip(("input_tokens", "output_tokens"), counts, strict=True))
    told = {name: count for name, count in named.items() if count is not None}
    return {"model": str(model), **told} if model else {}


def _part(database: sqlite3.Connection, kind: str, text: str | None, payload: str | None) -> str:
    if kind == "attachment":
        return "[file]"
    if kind != "text":
        return ""
    if text is not None:
        return text
    try:
        pieces = json.loads(payload or "{}").get("text_ref") or []
    except (ValueError, AttributeError):
        return ""
    return "".join(_piece(database, piece) for piece in pieces if isinstance(piece, dict))


def _piece(database: sqlite3.Connection, piece: Mapping[str, Any]) -> str:
    if "fragment" not in piece:
        return str(piece.get("literal") or "")
    row = database.execute(_FRAGMENT, (piece["fragment"],)).fetchone()
    return str(row[0]) if row else ""
