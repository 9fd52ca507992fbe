"""Chats that are put away and taken out again."""

import json

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

ONE = "3f2a0000-0000-4000-8000-000000000001"
OTHER = "77c10000-0000-4000-8000-000000000001"


def titles(cli: Cli, *options: str) -> list[str]:
    return [chat["title"] for chat in json.loads(cli("chats", "list", *options, "--json").out)]


def test_an_archived_chat_is_in_no_list_but_that_of_the_archive(
    cli: Cli, backend: FakeBackend
) -> None:
    backend.add_chat("one", ONE)
    backend.add_chat("other", OTHER)

    archived = cli("chats", "archive", "3f2a", "3f2a")

    assert "Archived “one”." in archived.out
    assert "pocketllm chats unarchive 3f2a0000" in archived.err
    assert titles(cli) == ["other"]
    assert titles(cli, "--archived") == ["one"]


def test_last_is_no_archived_chat_but_where_one_is_taken_out(
    cli: Cli, backend: FakeBackend
) -> None:
    backend.add_chat("old", ONE, used="2026-01-01T00:00:00+00:00")
    backend.add_chat("new", OTHER, used="2026-01-02T00:00:00+00:00")
    cli("chats", "archive", "last")

    shown = json.loads(cli("chats", "show", "last", "--json").out)
    cli("chats", "unarchive", "last")

    assert shown["title"] == "old"
    assert titles(cli) == ["new", "old"]


def test_an_archived_chat_can_be_named_by_its_id(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("one", ONE)
    cli("chats", "archive", "3f2a")

    assert json.loads(cli("chats", "show", "3f2a", "--json").out)["title"] == "one"


def test_an_empty_archive_says_how_a_chat_gets_there(cli: Cli, backend: FakeBackend) -> None:
    assert "pocketllm chats archive" in cli("chats", "list", "--archived").out
    assert cli("chats", "unarchive", "last").exit_code == ExitCode.NOT_FOUND
