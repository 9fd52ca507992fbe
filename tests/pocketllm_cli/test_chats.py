import json

import pytest

from pocketllm_cli.commands.chat_page import thoughts_as_text
from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

ONE = "3f2a0000-0000-4000-8000-000000000001"
TWO = "3f2a0000-0000-4000-8000-000000000002"


def test_an_empty_list_says_how_to_begin(cli: Cli, backend: FakeBackend) -> None:
    result = cli("chats", "list")

    assert result.exit_code == ExitCode.OK
    assert "pocketllm ask" in result.out


@pytest.mark.parametrize("verb", [(), ("list",), ("ls",)])
def test_the_list_has_the_newest_first(
    cli: Cli, backend: FakeBackend, verb: tuple[str, ...]
) -> None:
    backend.add_chat("old", used="2026-01-01T00:00:00+00:00")
    backend.add_chat("new", used="2026-01-02T00:00:00+00:00")

    lines = cli("chats", *verb).out.splitlines()

    assert [line.split()[-1] for line in lines] == ["TITLE", "new", "old"]
    assert all(line == line.rstrip() for line in lines)


def test_json_has_the_fields_of_a_chat(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one")
    [record] = json.loads(cli("chats", "list", "--json").out)

    columns = ["id", "title", "model_config_id", "created_at", "updated_at", "archived_at"]
    assert list(record) == columns


def test_the_list_is_no_longer_than_asked_for(cli: Cli, backend: FakeBackend) -> None:
    for number in range(5):
        backend.add_chat(f"chat {number}")

    assert len(json.loads(cli("chats", "list", "--limit", "2", "--json").out)) == 2


def test_a_title_cannot_steer_the_terminal(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("a\x1b[2Jb\nc\u202e")

    assert "ab c<U+202E>" in cli("chats", "list").out


def test_a_chat_is_shown_with_its_messages(cli: Cli, backend: FakeBackend) -> None:
    chat = backend.add_chat("Capitals")
    backend.add_message(chat["id"], "user", "France?")
    backend.add_message(chat["id"], "assistant", "Par\x1b[1mis", status="incomplete", model="gpt")

    text = cli("chats", "show", "last").out
    record = json.loads(cli("chats", "show", "last", "--json").out)

    assert text.index("France?") < text.index("Paris")
    assert "gpt, incomplete" in text
    assert [message["role"] for message in record["messages"]] == ["user", "assistant"]
    assert set(record["messages"][0]) == {
        "id", "chat_id", "role", "content", "metadata", "created_at"
    }  # fmt: skip


def test_what_a_model_thought_is_shown_when_asked_for(cli: Cli, backend: FakeBackend) -> None:
    chat = backend.add_chat("Capitals")
    backend.add_message(chat["id"], "assistant", "Paris", reasoning="Well,\nFra\x1b[2Jnce …")

    assert "Well" not in cli("chats", "show", "last").out
    assert "│ Well,\n│ France …\n\nParis" in cli("chats", "show", "last", "--reasoning").out
    [message] = json.loads(cli("chats", "show", "last", "--json").out)["messages"]
    assert message["metadata"]["reasoning"].startswith("Well")


def test_on_a_terminal_thoughts_are_folded_to_a_line_that_fits() -> None:
    thoughts = "First, " + "on and on " * 20 + "so\nParis"

    assert thoughts_as_text("Short\none", 80) == "▸ Thoughts: Short one"
    assert len(thoughts_as_text(thoughts, 60)) <= 60
    assert thoughts_as_text(thoughts, 60).endswith("on and on so Paris")
    assert thoughts_as_text(thoughts, 0) == ""


def test_a_long_chat_is_read_to_its_end(cli: Cli, backend: FakeBackend) -> None:
    chat = backend.add_chat("long")
    for number in range(1001):
        backend.add_message(chat["id"], "user", str(number))

    record = json.loads(cli("chats", "show", "last", "--json").out)

    assert [message["content"] for message in record["messages"]] == [str(n) for n in range(1001)]


@pytest.mark.parametrize("reference", [ONE, ONE.upper(), "3f2a0000-0000-4000-8000-000000000001"])
def test_a_whole_id_names_its_chat(cli: Cli, backend: FakeBackend, reference: str) -> None:
    backend.add_chat("one", ONE)
    backend.add_chat("two", TWO)

    assert cli("chats", "show", reference).out.startswith("one\n")


def test_the_beginning_of_an_id_is_enough_if_it_fits_one(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one", ONE)
    backend.add_chat("other", "77c10000-0000-4000-8000-000000000001")

    assert cli("chats", "show", "3f2a").out.startswith("one\n")


def test_a_clash_lists_the_candidates(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("Trip\x1b[2J", ONE)
    backend.add_chat("Food", TWO)
    result = cli("chats", "show", "3f2a")

    assert result.exit_code == ExitCode.USAGE
    assert "Trip" in result.err
    assert "Food" in result.err
    assert "\x1b" not in result.err


@pytest.mark.parametrize(
    ("reference", "exit_code"),
    [
        ("nope", ExitCode.NOT_FOUND),
        ("abcd1234", ExitCode.NOT_FOUND),
        ("last", ExitCode.NOT_FOUND),
        ("0" * 33, ExitCode.NOT_FOUND),
        ("abc", ExitCode.USAGE),
        ("", ExitCode.NOT_FOUND),
    ],
)
def test_a_missing_chat_is_an_error_with_a_way_out(
    cli: Cli, backend: FakeBackend, reference: str, exit_code: ExitCode
) -> None:
    result = cli("chats", "show", reference)

    assert result.exit_code == exit_code
    assert result.out == ""
    assert "hint: " in result.err


def test_new_makes_an_empty_chat(cli: Cli, backend: FakeBackend) -> None:
    record = json.loads(cli("chats", "new", "Trip to Oslo", "--json").out)

    assert record["title"] == "Trip to Oslo"
    assert len(backend.tables["chats"]) == 1


def test_rename_gives_another_title(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one", ONE)

    assert "Trip to Oslo" in cli("chats", "rename", "last", " Trip  to\nOslo\x1b[0m ").out
    assert backend.tables["chats"][0]["title"] == "Trip to Oslo"


@pytest.mark.parametrize("title", ["", " \n", "x" * 121])
def test_a_title_that_cannot_be_is_refused(cli: Cli, backend: FakeBackend, title: str) -> None:
    assert cli("chats", "rename", "last", title).exit_code == ExitCode.USAGE


@pytest.mark.parametrize("verb", ["delete", "rm"])
def test_delete_needs_a_confirmation(cli: Cli, backend: FakeBackend, verb: str) -> None:
    backend.add_chat("one", ONE)
    backend.add_chat("other", "77c10000-0000-4000-8000-000000000001")

    refused = cli("chats", verb, "3f2a", "77c1")
    done = cli("chats", verb, "3f2a", "77c1", "3f2a", "--yes")

    assert refused.exit_code == ExitCode.USAGE
    assert "--yes" in refused.err
    assert done.exit_code == ExitCode.OK
    assert backend.tables["chats"] == []


def test_what_was_deleted_says_how_to_get_it_back_and_comes_back(
    cli: Cli, backend: FakeBackend
) -> None:
    backend.add_chat("one", ONE)
    backend.add_chat("other", "77c10000-0000-4000-8000-000000000001")

    deleted = cli("chats", "delete", "3f2a", "77c1", "--yes")
    listed = cli("chats", "restore").out
    restored = cli("chats", "restore", "3f2a", "last", "3f2a")

    assert "pocketllm chats restore 3f2a0000 77c10000" in deleted.err
    assert "one" in listed
    assert "other" in listed
    assert restored.exit_code == ExitCode.OK, restored.err
    assert {row["title"] for row in backend.tables["chats"]} >= {"one"}


def test_what_is_deleted_forever_cannot_be_restored(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one", ONE)

    deleted = cli("chats", "delete", "last", "--forever", "--yes")
    missing = cli("chats", "restore", "3f2a")

    assert "restore" not in deleted.err
    assert backend.tables["chats"] == []
    assert missing.exit_code == ExitCode.NOT_FOUND
    assert "No deleted chats" in cli("chats", "restore").out


def test_nothing_is_deleted_if_one_of_the_chats_is_unknown(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one", ONE)

    assert cli("chats", "delete", "3f2a", "77c1", "--yes").exit_code == ExitCode.NOT_FOUND
    assert len(backend.tables["chats"]) == 1
