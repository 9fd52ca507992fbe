"""A search gives what reading everything would give, for whatever is typed."""

import random
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from tests.conftest import Cluster
from tests.sql.stage import Persona, Stage, add_chat

pytestmark = pytest.mark.db

UNLIKE = "a quick heron and a slow trout and an otter"
WORDS = ["trout", "trouble", "heron", "her", "o'hara", "naïve", "up-stream", "x_1", "日本", "or"]

# No index, no entries, no samples: every message and title the user may read is read and compared.
_SLOWLY = """
with written as (
  select id, content as text from public.messages union all select id, title from public.chats
)
select id from written
where to_tsvector('search.folded', search.plain(text)) @@ search.parse(%(query)s)
  and querytree(search.parse(%(query)s)) not in ('', 'T')
"""

_typed_words = st.sampled_from([*WORDS, "naive", "tro", "h", "zander", "'", "<->", ":*", "\\"])
_phrases = st.lists(_typed_words, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"')
_terms = st.one_of(
    _typed_words, _phrases, _typed_words.map("-{}".format), _phrases.map("-{}".format)
)
_typed = st.tuples(st.lists(_terms, max_size=4).map(" ".join), st.sampled_from(["", " ", '"'])).map(
    "".join
)


@pytest.fixture(scope="module")
def stage(cluster: Cluster, rolled_back_database: str) -> Iterator[Stage]:
    url = cluster.url(rolled_back_database)
    with (
        psycopg.connect(url, row_factory=dict_row) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield Stage(connection)


@pytest.fixture(scope="module")
def ada(stage: Stage) -> Persona:
    """Give a user of eighty texts of common words, beside one of the same."""
    ada, bob = stage.sign_up(), stage.sign_up()
    draws = random.Random(0)  # noqa: S311 # words, not secrets
    for owner in (ada, bob):
        for _ in range(4):
            chat = add_chat(owner, " ".join(draws.choices(WORDS, k=2)))
            write(owner, chat, [" ".join(draws.choices(WORDS, k=4)) for _ in range(19)])
    return ada


def write(owner: Persona, chat: object, texts: list[str]) -> None:
    owner.run(
        "insert into public.messages (chat_id, role, content)"
        " select %(chat)s, 'user', text from unnest(%(texts)s::text[]) as text",
        chat=chat,
        texts=texts,
    )


def found(who: Persona, query: str) -> set[object]:
    rows = who.run("select id from public.search_messages(%(query)s, 100)", query=query)
    return {row["id"] for row in rows}


@settings(max_examples=150, deadline=None)
@given(query=_typed)
def test_a_search_finds_exactly_what_reading_everything_finds(query: str, ada: Persona) -> None:
    hits = found(ada, query)

    assert hits == {row["id"] for row in ada.run(_SLOWLY, query=query)}


@pytest.fixture(scope="module")
def crowd(stage: Stage) -> Persona:
    """Give a user of two thousand alike messages, the second of which is unlike the others."""
    crowd = stage.sign_up()
    texts = ["a slow heron and a quick trout"] * 2000
    texts[1] = UNLIKE
    write(crowd, add_chat(crowd), texts)
    return crowd


@pytest.mark.parametrize(
    "query", ["otter", "a ott", "otter a", '"quick heron"', '"quick hero', 'heron -"slow heron"']
)
def test_one_message_is_found_among_many_of_the_same_words(query: str, crowd: Persona) -> None:
    rows = crowd.run(
        "select message.content from public.search_messages(%(query)s) as found"
        " join public.messages as message on message.id = found.message_id",
        query=query,
    )

    assert [row["content"] for row in rows] == [UNLIKE]


@pytest.mark.parametrize(
    "query", ["a", "heron trout ", '"quick trout"', "her", "a -otter", "trout or zander"]
)
def test_of_what_is_everywhere_some_hundred_are_compared(query: str, crowd: Persona) -> None:
    assert len(found(crowd, query)) == 100
