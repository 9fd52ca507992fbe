"""What `transfer` says of a wrong command line, and which of two contexts an error is about."""

import json
import sys
from pathlib import Path

import pytest

from pocketllm_cli.commands.transfer_keys import key_handover
from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend


@pytest.fixture
def contexts(cli: Cli, unset_backend: FakeBackend) -> None:
    for name in ("one", "two"):
        add = ("context", "add", name, "--url", unset_backend.url, "--anon-key", KEY)
        assert cli(*add).exit_code == 0


@pytest.mark.usefixtures("contexts")
def test_an_error_says_at_which_of_the_two_contexts_it_is(cli: Cli) -> None:
    ran = cli("transfer", "--from", "two", "--to", "one")

    assert ran.exit_code == ExitCode.AUTH
    assert "error: In the context “two”: You are not signed in." in ran.err
    assert "`pocketllm --context two login`" in ran.err


@pytest.mark.usefixtures("contexts")
def test_the_hint_of_a_command_with_a_context_of_its_own_names_that(cli: Cli) -> None:
    named = cli("--context", "two", "chats", "list", "--json")
    usual = cli("chats", "list", "--json")

    assert "`pocketllm --context two login`" in json.loads(named.err)["hint"]
    assert json.loads(named.err)["message"] == "You are not signed in."
    assert "`pocketllm login`" in json.loads(usual.err)["hint"]


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--from", "one", "--to", "two", "--with-keys"), "Leave out `--with-keys`"),
        (("--from", "embedded", "--to", "two", "--with-keys"), "POCKETLLM_MASTER_KEYS"),
        (("--from", "one", "--to", "two", "--to-folder", "x"), "Add `--with-keys`"),
        (("--from", "one", "--to", "one"), "pocketllm context"),
    ],
    ids=["not embedded", "no master keys", "folder alone", "same"],
)
def test_what_cannot_be_is_refused_before_anything_is_done(
    cli: Cli, options: tuple[str, ...], hint: str
) -> None:
    ran = cli("transfer", *options)

    assert ran.exit_code == ExitCode.USAGE
    assert hint in ran.err


PROGRAM = """
import json, os, sys
print(json.dumps({"handed_over": sys.argv[1:] + [os.environ["SUPABASE_DB_URL"]], "left": {}}))
"""


def test_the_program_is_told_whose_keys_and_no_secret_in_its_arguments(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contexts: None
) -> None:
    from pocketllm_cli.app import App
    from pocketllm_cli.console import Console
    from pocketllm_cli.invocation import Invocation

    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    monkeypatch.setattr(
        "pocketllm_cli.commands.transfer_keys.admin_command",
        lambda words: [sys.executable, str(script), *words],
    )
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://owner:canary@db/postgres")
    monkeypatch.setenv("POCKETLLM_MASTER_KEYS", "m1:canary")
    app = App(Invocation(), Console(Invocation()))
    embedded, target = app.contexts.get("embedded"), app.contexts.get("two")

    outcome = key_handover(app, embedded, target, None)("here", "there")

    address = "postgresql://owner:canary@db/postgres"
    assert address in outcome.names
    arguments = set(outcome.names) - {address}
    assert {"--from-user", "here", "--to-user", "there", "hand-over"} < arguments
    assert "canary" not in str(arguments)
