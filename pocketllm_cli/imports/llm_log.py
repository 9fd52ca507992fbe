"""The log of the program `llm`: an SQLite file, one row a prompt and its response.

Source: https://llm.datasette.io/en/stable/logging.html#sql-schema
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.imports.llm_threads import has_threads, read_threads
from pocketllm_cli.imports.records import ForeignChat, ForeignMessage, moment, without_nul

SOURCE: Final = "llm"
MAGIC: Final = b"SQLite format 3\x00"

_RESPONSES: Final = """
select r.id, r.conversation_id, c.name, r.model, r.prompt, r.system, r.response, r.datetime_utc,
  {input_tokens}, {output_tokens}
from responses r left join conversations c on c.id = r.conversation_id
where {is_new}
order by coalesce(r.conversation_id, r.id), r.datetime_utc, r.id
"""


def read_log(path: Path) -> Iterator[ForeignChat]:
    """Yield the chats of a log; a prompt without a conversation is a chat of its own.

    Raises:
        LocalFileProblem: It is an SQLite file of something else, or damaged.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            is_threaded = has_threads(database)
            if is_threaded:
                yield from read_threads(database, SOURCE)
            rows: list[tuple[Any, ...]] = []
            for row in database.execute(_query(database, is_threaded=is_threaded)):
                if rows and _key(row) != _key(rows[0]):
                    yield _chat(rows)
                    rows = []
                rows.append(row)
            if rows:
                yield _chat(rows)
    except sqlite3.Error as error:
        raise LocalFileProblem(f"{path} is no log of llm that can be read ({error}).") from error


def _query(database: sqlite3.Connection, *, is_threaded: bool) -> str:
    """Counts of tokens came with a later version of the schema, and then the threads.

    What is told in threads is not told twice.
    """
    columns = {row[1] for row in database.execute("pragma table_info(responses)")}
    is_new = "r.id not in (select id from turns)" if is_threaded else "true"
    return _RESPONSES.format(
        is_new=is_new,
        **{name: f"r.{name}" if name in columns else "null" for name in _COUNTS},
    )


_COUNTS: Final = ("input_tokens", "output_tokens")


def _key(row: tuple[Any, ...]) -> str:
    return str(row[1] or row[0])


def _chat(rows: list[tuple[Any, ...]]) -> ForeignChat:
    messages: list[ForeignMessage] = []
    for row in rows:
        messages += _turns(row, messages[-1].key if messages else None)
    times = [moment(row[7]) for row in rows]
    first = next((one.content for one in messages if one.role == "user"), "")
    return ForeignChat(
        source=SOURCE,
        key=_key(rows[0]),
        title=str(rows[0][2] or first),
        created_at=times[0],
        updated_at=times[-1],
        messages=tuple(messages),
    )


def _turns(row: tuple[Any, ...], parent: str | None) -> Iterator[ForeignMessage]:
    key, _, _, model, prompt, system, response, when, *counts = row
    told = {name: count for name, count in zip(_COUNTS, counts, strict=True) if count is not None}
    texts: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("system", system if parent is None else None, {}),
        ("user", prompt, {}),
        ("assistant", response, {"model": str(model), **told}),
    )
    for role, text, metadata in texts:
        if text:
            own = f"{key}:{role}"
            yield ForeignMessage(own, parent, role, without_nul(str(text)), moment(when), metadata)
            parent = own
