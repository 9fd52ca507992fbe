"""`chats search` and `chats list --search`, as people and scripts read them."""

import json
from typing import Any
from uuid import UUID

import pytest

from pocketllm_cli.errors import ExitCode
from pocketllm_cli.found_lines import found_line
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import NOW, FakeBackend, Row

CHAT = "3f2a0000-0000-4000-8000-000000000001"


def row(number: int, snippet: str = "a \x02trout\x03 swims", **fields: Any) -> Row:
    record_id = str(UUID(int=number))
    found: Row = {"id": record_id, "chat_id": CHAT, "message_id": record_id, "title": "Fish"}
    found |= {"role": "user", "snippet": snippet, "created_at": NOW, "score": 0.5}
    return found | fields


def finds(backend: FakeBackend, rows: list[Row]) -> None:
    """Let the backend find these, a page after the other."""

    def search(body: Row) -> list[Row]:
        ids = [found["id"] for found in rows]
        start = ids.index(body["after_id"]) + 1 if "after_id" in body else 0
        return rows[start : start + body["max_results"]]

    backend.results["search_messages"] = search


def test_a_result_shows_chat_message_title_and_the_marked_line(
    cli: Cli, backend: FakeBackend
) -> None:
    finds(backend, [row(1, "first\nthe  \x02trout\x03 is\x1b[2J here\nlast")])
    heading, line = cli("chats", "search", "trout").out.splitlines()

    assert heading.startswith("3f2a0000  00000000  2026-01-02 ")
    assert heading.endswith("Fish (You)")
    assert line == "    the **trout** is here"


def test_json_says_where_the_hits_are_in_the_line(cli: Cli, backend: FakeBackend) -> None:
    finds(backend, [row(1, "\x02Käse\x03 and \x02bread\x03")])
    [record] = json.loads(cli("chats", "search", "käse or bread", "--json").out)

    assert record["line"] == "Käse and bread"
    assert [record["line"][start:end] for start, end in record["hits"]] == ["Käse", "bread"]
    assert list(record) == [
        *("id", "chat_id", "message_id", "title", "role", "created_at", "score", "line", "hits")
    ]


@pytest.mark.parametrize(
    "words",
    [["two", "words"], ['"a phrase'], ["--", "-5", "--json"], ["it's (a | b) & !c:*"], ["%_\\"]],
    ids=" ".join,
)
def test_what_is_typed_goes_to_the_backend_as_it_is(
    cli: Cli, backend: FakeBackend, words: list[str]
) -> None:
    finds(backend, [])
    result = cli("chats", "search", *words)

    assert result.exit_code == ExitCode.OK
    assert backend.bodies[0]["query"] == " ".join(word for word in words if word != "--")


def test_more_than_one_page_is_read_as_far_as_asked_for(cli: Cli, backend: FakeBackend) -> None:
    finds(backend, [row(number) for number in range(1, 301)])
    result = cli("chats", "search", "trout", "--limit", "250", "--json")
    last = json.loads(result.out)[-1]["id"]
    rest = cli("chats", "search", "trout", "--limit", "250", "--json", "--after", last)

    assert f"--after {last}" in cli("chats", "search", "trout", "--limit", "250").err
    assert [UUID(each["id"]).int for each in json.loads(rest.out)] == list(range(251, 301))
    assert "--after" not in cli("chats", "search", "trout", "--limit", "301").err


def test_nothing_found_is_said_and_no_failure(cli: Cli, backend: FakeBackend) -> None:
    finds(backend, [])

    assert cli("chats", "search", "trout").out == "Nothing was found for “trout”.\n"
    assert cli("chats", "list", "--search", "trout").out == "Nothing was found for “trout”.\n"
    assert cli("chats", "search", "trout", "--json").out == "[]\n"


@pytest.mark.parametrize(
    "argv", [("search", " "), ("list", "--search", ""), ("search", "x", "--after", "nope")], ids=str
)
def test_what_cannot_be_looked_for_is_told(
    cli: Cli, backend: FakeBackend, argv: tuple[str, ...]
) -> None:
    assert cli("chats", *argv).exit_code == ExitCode.USAGE


def test_the_list_can_be_of_the_chats_that_fit_best_first(cli: Cli, backend: FakeBackend) -> None:
    chats = [backend.add_chat(title)["id"] for title in ("one", "two", "three")]
    finds(backend, [row(1, chat_id=chats[2]), row(2, chat_id=chats[0]), row(3, chat_id=chats[2])])

    records = json.loads(cli("chats", "list", "--search", "trout", "--json").out)

    assert [record["title"] for record in records] == ["three", "one"]


@pytest.mark.parametrize(
    ("snippet", "shown"),
    [
        ("\x02a\x03", "[a]"),
        ("one\n\x02two\x03 \x02three\x03\nfour \x02five\x03", "[two] [three]"),
        ("no hit", "no hit"),
        ("  \x02 a \x03  b", "[a ]b"),
        ("", ""),
    ],
)
def test_the_line_with_the_most_hits_is_chosen(snippet: str, shown: str) -> None:
    assert found_line(snippet).marked("[", "]") == shown
