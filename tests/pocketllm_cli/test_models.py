import json

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

FIELDS = ["id", "name", "provider", "base_url", "model", "system_prompt", "temperature"]
FIELDS += ["max_tokens", "top_p", "frequency_penalty", "presence_penalty", "is_default"]
FIELDS += ["has_key", "created_at", "updated_at"]
ADD = ("models", "add", "gpt", "--provider", "openai", "--model", "gpt-4.1-mini")


def test_an_empty_list_says_how_to_begin(cli: Cli, backend: FakeBackend) -> None:
    assert "pocketllm models add" in cli("models").out


def test_the_list_marks_the_default(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("local", is_default=True)

    assert cli("models", "list").out.splitlines()[1].startswith("*  local")


def test_a_record_has_every_field_and_no_key(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt", has_key=True, api_key_encrypted="v1:secret")
    [record] = json.loads(cli("models", "list", "--json").out)

    assert list(record) == FIELDS
    assert record == json.loads(cli("models", "show", "gpt", "--json").out)
    assert "has key" in cli("models", "show", "gpt").out


def test_add_sends_what_was_given_and_the_key_from_stdin(cli: Cli, backend: FakeBackend) -> None:
    options = ("--temperature", "0.2", "--max-tokens", "99", "--default", "--key-stdin")
    result = cli(*ADD, *options, "--json", stdin=b"sk-secret\n")

    assert backend.bodies == [
        {
            "name": "gpt",
            "provider": "openai",
            "model": "gpt-4.1-mini",
            "temperature": 0.2,
            "max_tokens": 99,
            "is_default": True,
            "api_key": "sk-secret",
        }
    ]
    assert json.loads(result.out)["has_key"] is True
    assert "sk-secret" not in result.out + result.err


def test_the_key_may_come_from_a_variable(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", " sk-secret ")
    cli(*ADD, "--key-env", "MY_KEY")

    assert backend.bodies[0]["api_key"] == "sk-secret"


@pytest.mark.parametrize(
    "options",
    [("--key-env", "NOT_SET"), ("--key-stdin",), ("--key-stdin", "--key-env", "X"), ("--key", "k")],
)
def test_a_key_that_is_not_there_is_a_usage_error(
    cli: Cli, backend: FakeBackend, options: tuple[str, ...]
) -> None:
    assert cli(*ADD, *options).exit_code == ExitCode.USAGE
    assert not backend.seen


def test_without_a_terminal_no_key_is_asked_for(cli: Cli, backend: FakeBackend) -> None:
    assert cli(*ADD).exit_code == ExitCode.OK
    assert "api_key" not in backend.bodies[0]


def test_edit_changes_only_what_is_given(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")

    assert cli("models", "edit", "gpt", "--temperature", "0").exit_code == ExitCode.OK
    assert backend.bodies == [{"temperature": 0.0}]


def test_edit_with_nothing_to_change_says_so(cli: Cli, backend: FakeBackend) -> None:
    assert cli("models", "edit", "gpt").exit_code == ExitCode.USAGE


def test_default_is_one_change(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")

    assert "gpt" in cli("models", "default", "gpt").out
    assert backend.bodies == [{"is_default": True}]


def test_a_test_says_that_it_works_and_how_fast(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")

    assert "works: first token after 0.31 s" in cli("models", "test", "gpt").out
    assert json.loads(cli("models", "test", "gpt", "--json").out)["total_seconds"] == 0.5


def test_a_test_tells_of_retries(cli: Cli, backend: FakeBackend) -> None:
    config = backend.add_model("gpt")
    found = {"model": "m", "answer": "Hi", "first_token_seconds": 2.0, "total_seconds": 2.1}
    path = f"/functions/v1/model-configs/{config['id']}/test"
    backend.failing[path] = (200, {**found, "retries": 2})

    assert "all after 2.10 s, after 2 more tries. It said: Hi" in cli("models", "test", "gpt").out


def test_a_config_gets_another_name(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")

    assert "work" in cli("models", "edit", "gpt", "--name", "work").out
    assert backend.bodies == [{"name": "work"}]


def test_the_catalog_lists_what_a_key_can_use(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")
    models = [
        {"id": "gpt-5", "name": "GPT-5", "context_tokens": 400_000},
        {"id": "x\x1b[2J", "name": None, "context_tokens": None},
    ]
    backend.results["catalog"] = {"models": models}

    assert cli("models", "catalog", "gpt").out.splitlines() == [
        "ID     CONTEXT",
        "gpt-5  400,000",
        "x            -",
    ]
    assert json.loads(cli("models", "catalog", "gpt", "--json").out) == models


@pytest.mark.parametrize("command", ["add", "edit"])
def test_the_help_names_the_providers(cli: Cli, command: str) -> None:
    text = " ".join(cli("models", command, "--help").out.split())

    assert "openai, anthropic, gemini, groq, openrouter, mistral, deepseek, together" in text


def test_remove_needs_a_confirmation(cli: Cli, backend: FakeBackend) -> None:
    backend.add_model("gpt")

    assert cli("models", "remove", "gpt").exit_code == ExitCode.USAGE
    assert cli("models", "rm", "gpt", "-y").exit_code == ExitCode.OK
    assert backend.tables["model_configs"] == []


@pytest.mark.parametrize("verb", ["show", "test", "default"])
def test_an_unknown_name_points_to_the_list(cli: Cli, backend: FakeBackend, verb: str) -> None:
    result = cli("models", verb, "nope")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "pocketllm models list" in result.err


def test_a_name_that_is_taken_is_a_conflict(cli: Cli, backend: FakeBackend) -> None:
    failure = {"error": {"code": "conflict", "message": "There is a config “gpt”."}}
    backend.failing["/functions/v1/model-configs"] = (409, failure)
    result = cli(*ADD)

    assert result.exit_code == ExitCode.FAILURE
    assert "There is a config “gpt”." in result.err


@pytest.mark.parametrize(("provider", "is_said"), [("openai", True), ("local", False)])
def test_a_config_without_a_key_is_added_and_says_what_it_lacks(
    cli: Cli, backend: FakeBackend, provider: str, is_said: bool
) -> None:
    result = cli("models", "add", "keyless", "--provider", provider, "--model", "m")

    assert result.exit_code == ExitCode.OK
    assert ("models edit keyless --key-stdin" in result.err) is is_said


@pytest.mark.parametrize(
    ("provider", "use"), [("imagerouter", "images create"), ("tavily", "ask --web")]
)
def test_a_config_that_only_holds_a_key_says_what_it_is_for(
    cli: Cli, backend: FakeBackend, provider: str, use: str
) -> None:
    result = cli("models", "add", "key", "--provider", provider, "--model", "m")

    assert f"Try it: pocketllm {use}" in result.out
    assert "models test" not in result.out
