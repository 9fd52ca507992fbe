import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pocketllm_cli.commands.root import Tree, app
from pocketllm_cli.commands.tree import load_command
from pocketllm_cli.errors import ExitCode, PocketLLMError
from pocketllm_cli.exit_codes import render_exit_codes
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

DOCS = Path(__file__).parents[2] / "docs"


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, entry in Tree.table.items():
        found.append((name,))
        found += [(name, verb) for verb in getattr(load_command(entry), "commands", {})]
    return found


@pytest.mark.parametrize("name", list(Tree.table))
def test_the_table_says_what_the_module_says(name: str) -> None:
    entry = Tree.table[name]
    command: Any = load_command(entry)

    assert command.help.splitlines()[0] == entry.summary
    assert f"`pocketllm {name}`" in (import_module(entry.module).__doc__ or "").replace(
        "`login`, `logout` and `whoami`", "`pocketllm login` `pocketllm logout` `pocketllm whoami`"
    )


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_help_has_an_example_and_the_options_of_all(
    cli: Cli, path: tuple[str, ...], flag: str
) -> None:
    result = cli(*path, flag)

    assert result.exit_code == ExitCode.OK
    assert re.search(r"Examples?:\n +.*pocketllm", result.out)
    for option in ("--json", "--context NAME", "-q, --quiet", "--debug"):
        assert option in result.out


def test_the_program_alone_prints_its_help(cli: Cli) -> None:
    assert cli() == cli("--help")
    assert "ask" in cli().out


def test_the_version_is_one_line(cli: Cli) -> None:
    assert re.fullmatch(r"pocketllm \d+\.\d+\.\d+\n", cli("--version").out)


@pytest.mark.parametrize(
    "argv",
    [
        ("--json", "chats", "list"),
        ("chats", "--json", "list"),
        ("chats", "list", "--json"),
        ("chats", "--json"),
    ],
    ids=" ".join,
)
def test_the_options_of_all_stand_anywhere(
    cli: Cli, backend: FakeBackend, argv: tuple[str, ...]
) -> None:
    assert json.loads(cli(*argv).out) == []


@pytest.mark.parametrize(
    "argv",
    [
        ("--json", "nope"),
        ("chats", "nope", "--json"),
        ("chats", "show", "--json"),
        ("chats", "list", "--nope", "--json"),
        ("chats", "list", "--json", "--limit"),
        ("chats", "list", "--limit", "many", "--json"),
        ("chats", "list", "--limit", "0", "--json"),
        ("chats", "list", "--json", "extra"),
        ("ask", "--json", "--nope"),
    ],
    ids=" ".join,
)
def test_a_bad_command_line_is_one_json_object_with_json(
    cli: Cli, backend: FakeBackend, argv: tuple[str, ...]
) -> None:
    result = cli(*argv)
    error = json.loads(result.err)

    assert result.exit_code == ExitCode.USAGE
    assert result.out == ""
    assert list(error) == ["code", "message", "hint"]
    assert error["code"] == "usage"


def test_a_bad_command_line_is_one_sentence_and_a_hint(cli: Cli) -> None:
    result = cli("chats", "lst")

    assert result.exit_code == ExitCode.USAGE
    assert result.err.splitlines() == [
        "error: No such command 'lst'. Did you mean 'list'?",
        "hint: See `pocketllm chats --help`.",
    ]


def test_a_question_that_begins_with_a_dash_gets_advice(cli: Cli) -> None:
    assert "`--`" in cli("ask", "-5 + 3").err


def test_an_unknown_context_is_not_found(cli: Cli) -> None:
    assert cli("ask", "hi", "--context", "nope").exit_code == ExitCode.NOT_FOUND


def test_the_words_of_a_command_are_not_mistaken_for_its_options(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "-s", "--json", "hi")

    assert backend.tables["messages"][0]["content"] == "--json"


def test_an_unexpected_failure_names_a_log_and_shows_no_traceback(
    cli: Cli, backend: FakeBackend, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("token=eyJabc.def.ghi")

    monkeypatch.setattr("pocketllm_cli.commands.chats._list_as_text", broken)
    result = cli("chats", "list")
    [log] = (home / "logs").iterdir()

    assert result.exit_code == ExitCode.FAILURE
    assert "Traceback" not in result.err
    assert str(log) in result.err
    assert "ZeroDivisionError" in log.read_text()
    assert "eyJabc" not in log.read_text()


def test_the_page_of_exit_codes_is_up_to_date() -> None:
    assert (DOCS / "exit-codes.md").read_text("utf-8") == render_exit_codes()


def test_completion_knows_commands_without_importing_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group: Any = get_command(app)

    assert [command.help for command in group.commands.values()] == [
        entry.summary for entry in Tree.table.values()
    ]


def test_every_error_has_a_sentence_and_a_hint() -> None:
    def kinds(kind: type[PocketLLMError]) -> list[type[PocketLLMError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in kinds(child))]

    for kind in kinds(PocketLLMError):
        assert kind().message.endswith(".")
        assert kind().hint
