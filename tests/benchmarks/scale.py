"""What a screen shows and what a search finds, with a hundred times the messages behind it.

Two databases are filled, of 10,000 and of 1,000,000 messages; half are one user's, the rest are
others'. Every question is put to both in turn, and what a tenth of the answers stay below is
compared: on a machine that does other things too, that is what the question itself takes.
"""

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from tests.benchmarks.figures import report
from tests.conftest import Cluster, running_cluster
from tests.sql.databases import new_database
from tests.sql.stage import Persona, Row, Stage

SMALL, LARGE = 10_000, 1_000_000
PER_CHAT = 100
_ROUNDS = 60


def _word(number: int) -> str:
    """Return a word of three syllables; neighbours in number do not begin alike."""
    digits = f"{number * 7919 % 1_000_000:06}"
    return "".join(
        "bcdfghjklm"[int(digits[i])] + "aeiouaeiou"[int(digits[i + 1])] for i in (0, 2, 4)
    )


def _texts() -> list[str]:
    draws = random.Random(0)  # noqa: S311 # words, not secrets
    return [
        " ".join(_word(int(20_000 * draws.random() ** 4)) for _ in range(30)) for _ in range(1_000)
    ]


# Words are drawn so that the first are everywhere and the last are rare, as in any language.
TEXTS = _texts()
_USES = Counter(word for text in TEXTS for word in set(text.split()))
FREQUENT = _word(0)
IN_A_HUNDREDTH = next(word for word, uses in sorted(_USES.items()) if uses == 10)

# `heron` stands in twenty messages, however many there are.
_FILL = (
    "set session_replication_role = replica",
    "set synchronous_commit = off",
    "set maintenance_work_mem = '256MB'",
    "drop index search.entries_words_idx, search.entries_sample_idx",
    """
    insert into public.chats (user_id, title, updated_at)
    select case when g %% 2 = 0 then %(ada)s else (%(others)s::uuid[])[1 + g %% 50] end,
      'chat ' || g, now() - make_interval(mins => g)
    from generate_series(1, %(count)s / %(per_chat)s) g
    """,
    """
    insert into public.messages (chat_id, user_id, role, content)
    select chat.id, chat.user_id, case when g %% 2 = 0 then 'assistant' else 'user' end,
      concat_ws(
        ' ', (%(texts)s::text[])[1 + floor(1000 * random())],
        case when chat.number <= 20 and g = 7 then 'heron' end
      )
    from (
      select id, user_id, row_number() over (partition by user_id = %(ada)s order by id) as number
      from public.chats
    ) as chat
    cross join generate_series(1, %(per_chat)s) g
    """,
    """
    create temporary table noted as
    select user_id, content, search.words(user_id, content) as words
    from (select distinct user_id, content from public.messages) as different
    """,
    """
    insert into search.entries (id, chat_id, message_id, user_id, seq, words)
    select id, chat_id, id, user_id, seq, noted.words
    from public.messages join noted using (user_id, content)
    union all
    select id, id, null, user_id, 0, setweight(search.words(user_id, title), 'A')
    from public.chats
    """,
    "create index entries_words_idx on search.entries using gin (words)",
    "create index entries_sample_idx on search.entries using gin (words) where is_sample",
    "set session_replication_role = default",
)

_LIST = "select id, title, updated_at from public.chats order by updated_at desc, id desc limit 50"
_PAGE = (
    "select id, role, content, metadata, created_at from public.messages"
    " where chat_id = %(chat)s order by seq desc limit 50"
)
_SEARCH = "select * from public.search_messages(%(query)s)"

_QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "the chat list": (_LIST, {}),
    "a page of a chat": (_PAGE, {}),
    "search: a word in 20 messages": (_SEARCH, {"query": "heron"}),
    "search: two words": (_SEARCH, {"query": f"{FREQUENT} heron "}),
    "search: a phrase that is nowhere": (_SEARCH, {"query": '"heron heron"'}),
    "search: a rare word's beginning": (_SEARCH, {"query": "hero"}),
    "search: a rare word and a frequent beginning": (_SEARCH, {"query": f"heron {FREQUENT[:3]}"}),
    "search: the most frequent word": (_SEARCH, {"query": f"{FREQUENT} "}),
    "search: a word of one message in a hundred": (_SEARCH, {"query": f"{IN_A_HUNDREDTH} "}),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with that many messages, half of which are `ada`'s."""

    ada: Persona
    chat: str

    def seconds(self, statement: str, values: dict[str, Any]) -> float:
        """Return how long a statement takes, in a transaction of its own, as a client's does."""
        with self.ada.connection.transaction():
            began = time.perf_counter()
            self.ada.run(statement, chat=self.chat, **values)
            return time.perf_counter() - began


@contextmanager
def filled(cluster: Cluster, count: int) -> Iterator[Filled]:
    """Make a database and fill it."""
    with new_database(cluster) as name:
        url = cluster.url(name, login=SUPERUSER)
        with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
            yield _fill(connection, count)


def _fill(connection: Connection[Row], count: int) -> Filled:
    began = time.perf_counter()
    with connection.transaction():
        stage = Stage(connection)
        ada, others = stage.sign_up(), [stage.sign_up().user_id for _ in range(50)]
    values = {
        "texts": TEXTS,
        "ada": ada.user_id,
        "others": others,
        "count": count,
        "per_chat": PER_CHAT,
    }
    for statement in _FILL:
        connection.execute(statement.encode(), values)
    connection.execute("vacuum (analyze) public.chats, public.messages, search.entries")
    row = connection.execute(
        "select id::text from public.chats where user_id = %s limit 1", (ada.user_id,)
    ).fetchone()
    assert row is not None
    print(f"{count} messages, filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return Filled(ada, row["id"])


def main() -> None:
    """Print how many times longer each question takes with the many messages."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_cluster(Path(folder)) as cluster,
        filled(cluster, SMALL) as small,
        filled(cluster, LARGE) as large,
    ):
        for name, (statement, values) in _QUESTIONS.items():
            times: tuple[list[float], list[float]] = ([], [])
            for number in range(_ROUNDS):
                for database, seconds in zip((small, large), times, strict=True):
                    taken = database.seconds(statement, values)
                    if number >= 10:  # the first rounds fill caches and settle plans
                        seconds.append(taken)
            few, many = (statistics.quantiles(seconds, n=10)[0] for seconds in times)
            label = f"{name}: {few * 1000:.2f} ms, then {many * 1000:.2f} ms"
            report(label, many / few, limit=1.5, at_most=True)


if __name__ == "__main__":
    main()
