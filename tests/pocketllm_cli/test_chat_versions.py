import json

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend, Row


@pytest.fixture
def chat(backend: FakeBackend) -> Row:
    """A question, two answers to it, and a turn below each; the second branch is shown."""
    chat = backend.add_chat("Capitals")
    question = backend.add_message(chat["id"], "user", "France?")
    backend.add_message(chat["id"], "assistant", "Lyon", status="complete")
    backend.add_message(chat["id"], "user", "Really?")
    backend.add_message(chat["id"], "assistant", "Paris", under=question["id"], status="complete")
    backend.add_message(chat["id"], "user", "Thanks")
    return chat


def contents(record: Row) -> list[str]:
    return [message["content"] for message in record["messages"]]


def test_a_chat_shows_one_branch_and_counts_the_versions(
    cli: Cli, backend: FakeBackend, chat: Row
) -> None:
    text = cli("chats", "show", "last").out

    assert "version 2/2)\nParis" in text
    assert "Lyon" not in text
    assert "Really?" not in text
    assert contents(json.loads(cli("chats", "show", "last", "--json").out)) == [
        "France?",
        "Paris",
        "Thanks",
    ]


def test_all_versions_can_be_seen(cli: Cli, backend: FakeBackend, chat: Row) -> None:
    text = cli("chats", "show", "last", "--all").out
    record = json.loads(cli("chats", "show", "last", "--all", "--json").out)

    assert "version 1/2, not shown)\nLyon" in text
    assert contents(record) == ["France?", "Lyon", "Really?", "Paris", "Thanks"]
    assert [message["is_shown"] for message in record["messages"]] == [
        True,
        False,
        False,
        True,
        True,
    ]
    assert record["messages"][3]["parent_id"] == record["messages"][0]["id"]


def test_versions_are_listed_with_a_star_at_those_shown(
    cli: Cli, backend: FakeBackend, chat: Row
) -> None:
    rows = [line.split() for line in cli("chats", "versions", "last").out.splitlines()[1:]]

    assert [(row[-1], row[-2]) for row in rows] == [("Lyon", "1/2"), ("Paris", "2/2")]
    assert rows[1][0] == "*"


def test_a_straight_chat_has_no_versions_and_says_how_to_make_one(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "hi")
    result = cli("chats", "versions", "last")

    assert result.exit_code == ExitCode.OK
    assert "pocketllm ask --regenerate" in result.out
    assert json.loads(cli("chats", "versions", "last", "--json").out) == []


def test_another_version_is_shown_by_the_beginning_of_its_id(
    cli: Cli, backend: FakeBackend, chat: Row
) -> None:
    lyon, really = backend.tables["messages"][1:3]

    def show(body: Row) -> str:
        chat["current_message_id"] = really["id"]
        return str(really["id"])

    backend.results["show_version"] = show
    result = cli("chats", "use-version", lyon["id"][:8])

    assert "shows version 1/2" in result.out
    assert backend.bodies == [{"message_id": lyon["id"]}]
    assert "Lyon" in cli("chats", "show", "last").out


@pytest.mark.parametrize(
    ("reference", "exit_code"),
    [("ffff0000", ExitCode.NOT_FOUND), ("nope", ExitCode.NOT_FOUND), ("ab", ExitCode.USAGE)],
)
def test_a_message_that_is_not_there_is_not_found(
    cli: Cli, backend: FakeBackend, chat: Row, reference: str, exit_code: ExitCode
) -> None:
    assert cli("chats", "use-version", reference).exit_code == exit_code


def test_a_message_is_looked_for_in_its_chat_only(
    cli: Cli, backend: FakeBackend, chat: Row
) -> None:
    other = backend.add_chat("newer", used="2026-02-01T00:00:00+00:00")
    backend.add_message(other["id"], "user", "hi")
    wanted = backend.tables["messages"][1]["id"][:8]

    assert cli("chats", "use-version", wanted).exit_code == ExitCode.NOT_FOUND


def test_a_clash_of_messages_lists_them(cli: Cli, backend: FakeBackend, chat: Row) -> None:
    for row in backend.tables["messages"][:2]:
        row["id"] = "abcd" + row["id"][4:]
    result = cli("chats", "use-version", "abcd")

    assert result.exit_code == ExitCode.USAGE
    assert "France?" in result.err
    assert "Lyon" in result.err


@pytest.mark.parametrize("at", [False, True])
def test_a_fork_is_a_new_chat(cli: Cli, backend: FakeBackend, chat: Row, at: bool) -> None:
    answer = backend.tables["messages"][3]["id"]
    copy = {**chat, "id": "77c10000-0000-4000-8000-000000000001", "title": "Capitals (copy)"}
    backend.results["fork_chat"] = copy
    result = cli("chats", "fork", "last", *(["--at", answer[:8]] if at else []))

    assert copy["id"] in result.out
    assert backend.bodies == [{"chat_id": chat["id"], **({"at_message_id": answer} if at else {})}]
    assert json.loads(cli("chats", "fork", "last", "--json").out)["title"] == "Capitals (copy)"


def test_an_answer_that_is_being_written_is_followed_to_its_end(
    cli: Cli, backend: FakeBackend
) -> None:
    chat = backend.add_chat("one")
    backend.add_message(chat["id"], "user", "hi")
    row = backend.add_message(chat["id"], "assistant", "Paris it is.", status="streaming")

    def go_on(stream: object) -> None:
        row["metadata"] = {"status": "complete"}
        backend.resume_script = None
        raise ConnectionError

    backend.resume_script = go_on
    result = cli("chats", "follow", "last")

    assert result[:2] == (ExitCode.OK, "Paris it is.\n")
    assert backend.offsets == ["0", "0"]


@pytest.mark.parametrize(
    ("option", "first"), [("--events", '{"seq": 1, "event": "started"'), ("--json", "{\n")]
)
def test_following_prints_as_ask_does(
    cli: Cli, backend: FakeBackend, option: str, first: str
) -> None:
    chat = backend.add_chat("one")
    backend.add_message(chat["id"], "user", "hi")
    backend.add_message(chat["id"], "assistant", "Paris", status="streaming")

    assert cli("chats", "follow", "last", option).out.startswith(first)


def test_without_an_answer_in_the_making_there_is_nothing_to_follow(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "hi")
    result = cli("chats", "follow", "last")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "pocketllm chats show" in result.err
