"""People find their own messages and chats by what was said, and nobody else's."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Stage, add_chat, add_message

pytestmark = pytest.mark.db

BEGIN, END = "\x02", "\x03"


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def search(who: Persona, query: str, **options: Any) -> list[dict[str, Any]]:
    named = "".join(f", {name} => %({name})s" for name in options)
    return who.run(
        f"select * from public.search_messages(%(query)s{named})",  # noqa: S608
        query=query,
        **options,
    )


def found(who: Persona, query: str) -> set[str]:
    return {row["snippet"].replace(BEGIN, "").replace(END, "") for row in search(who, query)}


FISH, BIRD = "The quick trout swims upstream", "A slow heron's flight, up-stream!"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("trout", {FISH}),
        ("TROUT quick", {FISH}),
        ("quick heron", set()),
        ("trout or heron", {FISH, BIRD}),
        ("up", {FISH, BIRD}),
        ("tro", {FISH}),
        ("tro ", set()),
        ("tro swims", set()),
        ('"quick trout"', {FISH}),
        ('"trout quick"', set()),
        ('"slow heron', {BIRD}),
        ("up-stream", {BIRD}),
        ("heron's", {BIRD}),
        ("the -trout", set()),
        ("up-stream -fish", {BIRD}),
        ("-trout", set()),
        ("trout or -heron", set()),
    ],
)
def test_a_query_is_understood_as_people_type_it(
    query: str, expected: set[str], ada: Persona
) -> None:
    chat = add_chat(ada, "Nature")
    add_message(ada, chat, FISH)
    add_message(ada, chat, BIRD)

    assert found(ada, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", "'", "''", '"', "\\", "\\'", "'\\", "-", "--", "&", "|", "!", "!!", "(", "():*"),
        *(":*", "a:*", "'a':*", "<->", "a <-> b", "a<2>b", "' | 'x", "'; drop table x; --", "or"),
        *(
            "or or",
            "-or",
            "%",
            "\x01",
            "\x02",
            "é",
            "日本",
            "\u202e",
            "🦆",
            "-🦆",
            "x" * 5000,
            "-" * 999,
        ),
        *('"' * 999, "a " * 3000, "' " * 999, "$$", "{}", "\u2028"),
    ],
    ids=lambda query: ascii(query[:8]),
)
def test_no_text_is_too_odd_to_look_for(query: str, ada: Persona) -> None:
    add_message(ada, add_chat(ada, "title"), "something")

    assert search(ada, query) == []


@pytest.mark.parametrize(
    "word",
    [
        *("naïve", "ПРИВЕТ", "日本語", "が", "한국어", "user_id", "/usr/bin/env", "x@y.org"),
        *("п\u02bcять", "\u02bbokina", "ŉ", "a\u02bab", "c\u02d0d"),  # letters told as quotes
    ],
)
def test_words_of_any_script_names_and_paths_are_found(word: str, ada: Persona) -> None:
    add_message(ada, add_chat(ada), f"before {word} after")

    assert len(search(ada, word)) == 1


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("café", "cafe"),
        ("cafe", "café"),
        ("CAFÉ", "cafe\u0301"),
        ("cafe\u0301", "café"),
        ("naïve", '"naive"'),
        ("crème", "cre"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("ёлка", "елка"),
        ("Việt", "viet"),
        ("Ελλάδα", "ελλαδα"),
    ],
)
def test_a_word_is_found_with_or_without_its_accents_and_marked_as_it_stands(
    written: str, typed: str, ada: Persona
) -> None:
    add_message(ada, add_chat(ada, f"{written} day"), f"before {written} after")

    assert {row["snippet"] for row in search(ada, typed)} == {
        f"{BEGIN}{written}{END} day",
        f"before {BEGIN}{written}{END} after",
    }


def test_a_phrase_and_what_is_left_out_need_no_accents_either(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "du café noir")
    add_message(ada, chat, "noir comme du café")

    assert found(ada, '"cafe noir"') == {"du café noir"}
    assert found(ada, "noir -cafe") == set()


def test_a_match_is_marked_and_no_text_can_look_like_a_mark(ada: Persona) -> None:
    add_message(ada, add_chat(ada), f"a {BEGIN}false{END} <b>trout</b>")

    (row,) = search(ada, "trout")

    assert row["snippet"] == f"a false <b>{BEGIN}trout{END}</b>"


def test_titles_are_found_before_messages(ada: Persona) -> None:
    about = add_chat(ada, "Trout and other fish")
    message = add_message(ada, add_chat(ada, "Lunch"), "fried trout")

    rows = search(ada, "trout")

    assert [row["message_id"] for row in rows] == [None, message]
    assert rows[0]["chat_id"] == about
    assert [row["title"] for row in rows] == ["Trout and other fish", "Lunch"]


def test_pages_follow_one_another_without_gap_or_repetition(ada: Persona) -> None:
    chat = add_chat(ada)
    written = {add_message(ada, chat, "trout " * (n % 4 + 1) + "x " * n) for n in range(25)}
    seen: list[dict[str, Any]] = []

    while True:
        after = {"after_id": seen[-1]["id"]} if seen else {}
        page = search(ada, "trout", max_results=10, **after)
        seen += page
        if len(page) < 10:
            break

    assert len(seen) == 25
    assert {row["message_id"] for row in seen} == written
    assert [row["score"] for row in seen] == sorted((row["score"] for row in seen), reverse=True)
    assert search(ada, "trout", after_id=uuid4()) == []


def test_an_answer_is_found_once_it_is_written(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada)
    answer = add_message(
        stage.service, chat, "trout", role="assistant", metadata='{"status": "streaming"}'
    )
    assert search(ada, "trout") == []

    stage.service.run(
        "update public.messages set content = 'trout and heron', metadata = '{}' where id = %(id)s",
        id=answer,
    )

    assert found(ada, "heron") == {"trout and heron"}


def test_what_is_changed_or_deleted_is_found_as_it_is_now(ada: Persona) -> None:
    chat = add_chat(ada, "trout")
    message = add_message(ada, chat, "trout")

    ada.run("update public.messages set content = 'heron' where id = %(id)s", id=message)
    ada.run("update public.chats set title = 'heron' where id = %(id)s", id=chat)

    assert search(ada, "trout") == []
    assert len(search(ada, "heron")) == 2
    ada.run("delete from public.messages where id = %(id)s", id=message)
    assert len(search(ada, "heron")) == 1
    ada.run("delete from public.chats")
    assert search(ada, "heron") == []


def test_nobody_finds_what_is_somebody_elses(stage: Stage, ada: Persona) -> None:
    chat = add_chat(ada, "trout")
    add_message(ada, chat, "trout")
    bob = stage.sign_up()

    prefix = str(ada.user_id).replace("-", "")[:12]
    for query in ("trout", f"{prefix}trout", f"{prefix}", f"trout or {prefix}tro"):
        assert search(bob, query) == []
        assert search(stage.signed_in(None), query) == []
    assert len(search(ada, "trout")) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "select * from search.entries",
        "insert into search.entries (id) values (gen_random_uuid())",
        "update search.entries set words = ''",
        "delete from search.entries",
        "select search.words(auth.uid(), 'x')",
    ],
)
def test_the_index_itself_is_nobodys_to_read_or_write(statement: str, ada: Persona) -> None:
    assert ada.refusal(statement) == "42501"


def test_a_message_is_stored_however_odd_its_words(ada: Persona) -> None:
    chat = add_chat(ada)
    letters = [chr(n) for n in range(0x20000, 0x2A6D0)] + [chr(n) for n in range(0x4E00, 0x9FFF)]

    add_message(ada, chat, " ".join(letters))
    add_message(ada, chat, "x" * 3000 + " y'z \\ \\' ''")
    add_message(ada, chat, " ".join(f"w{n}" for n in range(200_000)))

    assert len(search(ada, "y'z")) == 1


def test_a_word_that_is_everywhere_is_found_among_the_newest(ada: Persona) -> None:
    chat = add_chat(ada)
    for content in ("trout", "heron", "trout heron", "trouble heron"):
        add_samples(ada, chat, content + " x" * 9, 70)
    newest = add_message(ada, chat, "trout")

    assert search(ada, "trout", max_results=3)[0]["message_id"] == newest
    assert len(search(ada, "trout", max_results=100)) == 100
    assert found(ada, "heron -tro") == {"heron" + " x" * 9}


def test_a_rare_word_is_found_beside_a_beginning_that_is_everywhere(ada: Persona) -> None:
    chat = add_chat(ada)
    add_message(ada, chat, "heron trouble")
    add_message(ada, chat, "heron alone")
    add_samples(ada, chat, "trout", 300)

    assert found(ada, "heron tro") == {"heron trouble"}
    assert found(ada, '"heron tro') == {"heron trouble"}
    assert found(ada, "heron -tro") == {"heron alone"}


def add_samples(owner: Persona, chat: UUID, content: str, count: int) -> None:
    """Write messages whose ids put them into the sample that tells what is everywhere."""
    owner.run(
        "insert into public.messages (id, chat_id, role, content)"
        " select overlay(gen_random_uuid()::text placing '00' from 35)::uuid,"
        " %(chat)s, 'user', %(content)s from generate_series(1, %(count)s::int)",
        chat=chat,
        content=content,
        count=count,
    )
