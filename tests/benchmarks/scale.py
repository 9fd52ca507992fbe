"""What a screen shows and what a search finds, with a hundred times the messages behind it.

Two databases are filled, of 10,000 and of 1,000,000 messages, and every question is put to both in
turn; what a tenth of the answers stay below is compared: on a machine that does other things too,
that is what the question itself takes. First all messages are one user's, the harder case; then
every thousand are somebody's, so that what grows is what others have.
"""

import os
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
PER_CHAT, PER_USER = 100, 1_000
_ROUNDS = 400


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

# `heron` stands in one message of each of a user's first twenty chats, however many there are.
_FILL = (
    "set session_replication_role = replica",
    "set synchronous_commit = off",
    "set maintenance_work_mem = '256MB'",
    "drop index search.entries_words_idx, search.entries_sample_1_idx",
    """
    insert into public.chats (user_id, title, updated_at)
    select (%(users)s::uuid[])[1 + g %% cardinality(%(users)s::uuid[])],
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
      select id, user_id, row_number() over (partition by user_id order by id) as number
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
    "create index entries_sample_1_idx on search.entries using gin (words) where sample_level >= 1",
    "set session_replication_role = default",
)

_LIST = "select id, title, updated_at from public.chats order by updated_at desc, id desc limit 50"
_PAGE = (
    "select id, role, content, metadata, created_at from public.messages"
    " where chat_id = %(chat)s order by seq desc limit 50"
)
_SEARCH = "select * from public.search_messages(%(query)s)"

_SEARCHES = {
    "a rare word": "heron",
    "a word that is nowhere": "zander",
    "a frequent and a rare word": f"{FREQUENT} heron ",
    "two frequent words": f"{FREQUENT} {_word(1)} ",
    "a frequent word without another": f"{_word(1)} -{FREQUENT}",
    "a phrase that is nowhere": '"heron heron"',
    "a phrase of frequent words that is nowhere": f'"{_word(1)} {FREQUENT} {_word(1)} {_word(1)}"',
    "a rare word's beginning": "hero",
    "a frequent beginning": FREQUENT[:2],
    "a rare word and a frequent beginning": f"heron {FREQUENT[:3]}",
    "a frequent word and a frequent beginning": f"{_word(1)} {FREQUENT[:3]}",
    "the most frequent word": f"{FREQUENT} ",
    "a word of one message in a hundred": f"{IN_A_HUNDREDTH} ",
}
_QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "the chat list": (_LIST, {}),
    "a page of a chat": (_PAGE, {}),
    **{f"search: {name}": (_SEARCH, {"query": query}) for name, query in _SEARCHES.items()},
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A database that is full, and one of its users with one of their chats."""

    user: Persona
    chat: str

    def seconds(self, statement: str, values: dict[str, Any]) -> float:
        """Return how long a statement takes, in a transaction of its own, as a client's does."""
        with self.user.connection.transaction():
            began = time.perf_counter()
            self.user.run(statement, chat=self.chat, **values)
            return time.perf_counter() - began


@contextmanager
def filled(cluster: Cluster, count: int, user_count: int) -> Iterator[Filled]:
    """Make a database and fill it with the messages of so many users, as many of each."""
    with new_database(cluster) as name:
        url = cluster.url(name, login=SUPERUSER)
        with psycopg.connect(url, row_factory=dict_row, autocommit=True) as connection:
            yield _fill(connection, count, user_count)


def _fill(connection: Connection[Row], count: int, user_count: int) -> Filled:
    began = time.perf_counter()
    with connection.transaction():
        stage = Stage(connection)
        users = [stage.sign_up() for _ in range(user_count)]
    values = {
        "texts": TEXTS,
        "users": [user.user_id for user in users],
        "count": count,
        "per_chat": PER_CHAT,
    }
    for statement in _FILL:
        connection.execute(statement.encode(), values)
    connection.execute("vacuum (analyze) public.chats, public.messages, search.entries")
    connection.execute("checkpoint")  # now, and not among the questions
    row = connection.execute(
        "select id::text from public.chats where user_id = %s limit 1", (users[0].user_id,)
    ).fetchone()
    assert row is not None
    print(f"{count} messages, filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return Filled(users[0], row["id"])


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this process, and what it starts, on one processor where the system lets us.

    To wake a process on another one takes 0.1 ms, as long as a short question: which of the two
    databases had that to bear was chance.
    """
    if sys.platform != "linux":
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def main() -> None:
    """Print how many times longer each question takes with the many messages."""
    with (
        one_processor(),
        tempfile.TemporaryDirectory() as folder,
        running_cluster(Path(folder)) as cluster,
    ):
        for whose, few_users, many_users in (
            ("one user's", 1, 1),
            ("many users'", SMALL // PER_USER, LARGE // PER_USER),
        ):
            with (
                filled(cluster, SMALL, few_users) as small,
                filled(cluster, LARGE, many_users) as large,
            ):
                _compare(whose, small, large)


def _compare(whose: str, small: Filled, large: Filled) -> None:
    for name, (statement, values) in _QUESTIONS.items():
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(_ROUNDS):
            for database, seconds in zip((small, large), times, strict=True):
                taken = database.seconds(statement, values)
                if number >= 10:  # the first rounds fill caches and settle plans
                    seconds.append(taken)
        few, many = (statistics.quantiles(seconds, n=10)[0] for seconds in times)
        label = f"{whose}, {name}: {few * 1000:.2f} ms, then {many * 1000:.2f} ms"
        report(label, many / few, limit=1.5, at_most=True)


if __name__ == "__main__":
    main()
