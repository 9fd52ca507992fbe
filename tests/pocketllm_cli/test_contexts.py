import json
from pathlib import Path

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli

URL = "https://abc.supabase.co"


def add(cli: Cli, name: str = "work", url: str = URL) -> int:
    return cli("context", "add", name, "--url", url, "--anon-key", "sb_publishable_x").exit_code


def current(cli: Cli, *options: str) -> str:
    return str(json.loads(cli("context", "show", "--json", *options).out)["name"])


def test_a_new_machine_uses_the_embedded_backend(cli: Cli, home: Path) -> None:
    assert current(cli) == "embedded"
    assert cli("context").out.splitlines()[1].split() == ["*", "embedded", "on", "this", "machine"]
    assert not home.exists()


def test_the_first_context_added_is_used_and_that_is_said(cli: Cli, home: Path) -> None:
    key = ("--anon-key", "sb_publishable_x")
    first = cli("context", "add", "work", "--url", URL, *key)
    assert add(cli, "other") == ExitCode.OK

    assert "Added work. It is in use from now on:" in first.out
    assert "`pocketllm context use embedded`" in first.out
    assert current(cli) == "work"
    assert (home / "config" / "config.toml").stat().st_mode & 0o777 == 0o600


def test_use_changes_the_current_one(cli: Cli) -> None:
    add(cli)

    assert cli("context", "use", "embedded").exit_code == ExitCode.OK
    assert current(cli) == "embedded"
    assert cli("context", "use", "nope").exit_code == ExitCode.NOT_FOUND


def test_the_flag_wins_over_the_environment_and_that_over_the_file(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("file", "variable", "flag"):
        add(cli, name)
    monkeypatch.setenv("SUPABASE_URL", URL)
    assert current(cli) == "file"
    monkeypatch.setenv("SUPABASE_ANON_KEY", "k")
    assert current(cli) == "environment"
    monkeypatch.setenv("POCKETLLM_CONTEXT", "variable")
    assert current(cli) == "variable"
    monkeypatch.setenv("POCKETLLM_URL", URL)
    monkeypatch.setenv("POCKETLLM_ANON_KEY", "k")
    assert current(cli) == "environment"
    assert current(cli, "--context", "flag") == "flag"


def test_half_a_backend_in_the_environment_is_a_usage_error(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETLLM_URL", URL)

    assert cli("ask", "hi").exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "url",
    [
        "http://abc.supabase.co",
        "http://127.0.0.1.evil.example",
        "https://user:pw@abc.supabase.co",
        "https://abc.supabase.co/?x=1",
        "ftp://abc.supabase.co",
        "abc.supabase.co",
        "https://",
        "https://[::1",
        "https://abc:port",
    ],
)
def test_an_address_that_tokens_must_not_go_to_is_refused(cli: Cli, home: Path, url: str) -> None:
    assert add(cli, url=url) == ExitCode.USAGE
    assert not home.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:54321", "http://localhost:1", "http://[::1]:2"])
def test_plain_http_is_taken_on_this_machine(cli: Cli, url: str) -> None:
    assert add(cli, url=url) == ExitCode.OK


@pytest.mark.parametrize("name", ["embedded", "environment", "a/b", "..", "", "x" * 65, "a b"])
def test_a_name_that_cannot_be_is_refused(cli: Cli, name: str) -> None:
    assert add(cli, name) == ExitCode.USAGE


def test_a_secret_key_is_not_stored(cli: Cli) -> None:
    result = cli("context", "add", "x", "--url", URL, "--anon-key", "sb_secret_abc")

    assert result.exit_code == ExitCode.USAGE
    assert "sb_secret_abc" not in result.err


def test_the_embedded_context_cannot_be_removed(cli: Cli) -> None:
    result = cli("context", "remove", "embedded", "--yes")

    assert result.exit_code == ExitCode.USAGE
    assert "backend reset" in result.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param('current = "x"\n[contexts', "line 2", id="half-written"),
        pytest.param("\ncurrent = 1", "line 2", id="no name"),
        pytest.param('[contexts.w]\nurl = "https://x"', "anon_key", id="no key"),
        pytest.param('[contexts.w]\nurl = "https://x"\nkey = "y"', "key", id="unknown key"),
        pytest.param("contexts = 3", "table", id="not a table"),
        pytest.param("contexts.w = 3", "table", id="not a table of strings"),
        pytest.param('[contexts.w]\nurl = "http://x"\nanon_key = "y"', "https", id="no TLS"),
    ],
)
def test_a_broken_file_is_named_and_left_alone(
    cli: Cli, home: Path, content: str, said: str
) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    result = cli("context", "list")

    assert result.exit_code == ExitCode.USAGE
    assert str(file) in result.err or said == "https"
    assert said in result.err
    assert add(cli, "other") == ExitCode.USAGE
    assert file.read_text() == content


def test_a_missing_name_in_the_file_is_not_found(cli: Cli, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('current = "gone"\n')

    assert cli("ask", "hi").exit_code == ExitCode.NOT_FOUND
