import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import PROGRAM, Cli
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend

ME = "me@example.org"


@pytest.fixture
def hosted(unset_backend: FakeBackend, cli: Cli) -> FakeBackend:
    """A backend with an account, in a context that nobody has signed in to."""
    unset_backend.accounts[ME] = "correct horse"
    added = cli("context", "add", "work", "--url", unset_backend.url, "--anon-key", KEY)
    assert added.exit_code == ExitCode.OK
    return unset_backend


def sign_in(cli: Cli) -> None:
    result = cli("login", "--email", ME, "--password-stdin", stdin=b"correct horse\n")
    assert result.exit_code == ExitCode.OK, result.err


def session_file(home: Path) -> Path:
    return home / "state" / "sessions" / "work.json"


def change_session(home: Path, **changes: Any) -> None:
    file = session_file(home)
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_without_a_session_the_way_in_is_named(cli: Cli, hosted: FakeBackend) -> None:
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.AUTH
    assert "pocketllm login" in result.err
    assert not hosted.seen


def test_login_keeps_a_session_in_a_private_file_and_says_where(
    cli: Cli, hosted: FakeBackend, home: Path
) -> None:
    old_mask = os.umask(0)
    try:
        result = cli("login", "--email", ME, "--password-stdin", stdin=b"correct horse")
    finally:
        os.umask(old_mask)

    assert f"Signed in as {ME}" in result.out
    assert str(session_file(home)) in result.err
    assert session_file(home).stat().st_mode & 0o777 == 0o600
    assert session_file(home).parent.stat().st_mode & 0o777 == 0o700
    assert "correct horse" not in session_file(home).read_text()
    assert cli("ask", "hi").out == "Paris it is.\n"


def test_where_the_session_is_kept_is_said_once(cli: Cli, hosted: FakeBackend) -> None:
    sign_in(cli)

    assert cli("login", "--email", ME, "--password-stdin", stdin=b"correct horse").err == ""


def test_login_takes_both_from_the_environment(
    cli: Cli, hosted: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETLLM_EMAIL", ME)
    monkeypatch.setenv("POCKETLLM_PASSWORD", "correct horse")

    assert cli("login").exit_code == ExitCode.OK


@pytest.mark.parametrize("command", ["login", "signup"])
def test_without_a_terminal_nothing_is_asked(cli: Cli, hosted: FakeBackend, command: str) -> None:
    assert cli(command).exit_code == ExitCode.USAGE
    assert cli(command, "--email", ME).exit_code == ExitCode.USAGE
    assert cli(command, "--email", ME, "--password-stdin").exit_code == ExitCode.USAGE


def test_a_wrong_password_is_one_sentence_and_exit_code_3(cli: Cli, hosted: FakeBackend) -> None:
    result = cli("login", "--email", ME, "--password-stdin", stdin=b"wrong")

    assert result.exit_code == ExitCode.AUTH
    assert "The email or the password is wrong." in result.err


def test_signup_makes_an_account_and_signs_in(cli: Cli, hosted: FakeBackend) -> None:
    result = cli("signup", "--email", "new@example.org", "--password-stdin", stdin=b"pw")

    assert result.exit_code == ExitCode.OK
    assert hosted.accounts["new@example.org"] == "pw"
    assert cli("ask", "hi").exit_code == ExitCode.OK


def test_signup_with_a_taken_address_says_so(cli: Cli, hosted: FakeBackend) -> None:
    result = cli("signup", "--email", ME, "--password-stdin", stdin=b"pw")

    assert result.exit_code == ExitCode.FAILURE
    assert "pocketllm login" in result.err


def test_whoami_shows_the_account_and_its_token(cli: Cli, hosted: FakeBackend) -> None:
    sign_in(cli)
    record = json.loads(cli("whoami", "--json").out)
    token = cli("whoami", "--token").out.strip()

    assert (record["email"], record["context"], record["url"]) == (ME, "work", hosted.url)
    assert token in hosted.tokens


def test_logout_forgets_the_session_here_and_there(
    cli: Cli, hosted: FakeBackend, home: Path
) -> None:
    sign_in(cli)

    assert "Signed out" in cli("logout").out
    assert hosted.seen["POST /auth/v1/logout"] == 1
    assert not session_file(home).exists()
    assert cli("ask", "hi").exit_code == ExitCode.AUTH
    assert "not signed in" in cli("logout").out


def test_logout_without_the_backend_is_honest(cli: Cli, hosted: FakeBackend, home: Path) -> None:
    sign_in(cli)
    hosted.plain_answer = (502, "text/html", b"bad gateway")
    result = cli("logout")

    assert result.exit_code == ExitCode.OK
    assert "could not be told" in result.err
    assert not session_file(home).exists()


def test_an_expired_token_is_refreshed_and_kept(cli: Cli, hosted: FakeBackend, home: Path) -> None:
    sign_in(cli)
    change_session(home, expires_at=time.time() + 5, access_token="old")

    assert cli("ask", "hi").exit_code == ExitCode.OK
    assert cli("ask", "hi").exit_code == ExitCode.OK
    assert hosted.seen["POST /auth/v1/token"] == 2  # the sign-in and one refresh


@pytest.mark.parametrize("seconds", [-4000, 4000])
def test_two_clocks_that_differ_cost_no_refresh_and_hide_no_end(
    cli: Cli, hosted: FakeBackend, home: Path, seconds: int
) -> None:
    hosted.clock_seconds_off = seconds
    sign_in(cli)

    assert cli("ask", "hi").exit_code == ExitCode.OK
    assert hosted.seen["POST /auth/v1/token"] == 1  # the sign-in alone
    ends_in_seconds = json.loads(session_file(home).read_text())["expires_at"] - time.time()
    assert abs(ends_in_seconds - 3600) < 300


def test_a_token_that_the_server_ends_early_is_refreshed_once(
    cli: Cli, hosted: FakeBackend
) -> None:
    sign_in(cli)
    hosted.tokens.clear()

    assert cli("ask", "hi").exit_code == ExitCode.OK
    assert hosted.seen["POST /auth/v1/token"] == 2


def test_a_server_that_refuses_every_token_is_not_asked_for_ever(
    cli: Cli, hosted: FakeBackend
) -> None:
    sign_in(cli)
    hosted.failing["/rest/v1/chats"] = (401, {"message": "JWT expired"})

    assert cli("ask", "hi").exit_code == ExitCode.AUTH
    assert hosted.seen["POST /rest/v1/chats"] == 2


def test_a_session_that_the_server_has_ended_is_dropped(
    cli: Cli, hosted: FakeBackend, home: Path
) -> None:
    sign_in(cli)
    hosted.tokens.clear()
    hosted.refresh_tokens.clear()
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.AUTH
    assert "pocketllm login" in result.err
    assert not session_file(home).exists()


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>Please sign in to the WiFi</html>"),
        (404, "text/html", b"<html>"),
        (500, "application/json", b'{"code": "unexpected_failure", "message": "x"}'),
        (503, "application/json", b"{}"),
    ],
)
def test_a_refresh_that_nobody_refused_keeps_the_session(
    cli: Cli, hosted: FakeBackend, home: Path, answer: tuple[int, str, bytes]
) -> None:
    sign_in(cli)
    change_session(home, expires_at=0)
    kept = session_file(home).read_text()
    hosted.plain_answer = answer

    assert cli("ask", "hi").exit_code == ExitCode.UNAVAILABLE
    assert session_file(home).read_text() == kept


def test_many_processes_with_an_expired_token_refresh_once(
    cli: Cli, hosted: FakeBackend, home: Path
) -> None:
    sign_in(cli)
    change_session(home, expires_at=0)

    running = [
        subprocess.Popen([*PROGRAM, "ask", "hi"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for _ in range(5)
    ]
    outputs = [process.communicate(timeout=30)[0] for process in running]

    assert outputs == [b"Paris it is.\n"] * 5
    assert hosted.seen["POST /auth/v1/token"] == 2


def test_a_session_is_never_sent_to_another_address(
    cli: Cli, hosted: FakeBackend, home: Path
) -> None:
    sign_in(cli)
    config = home / "config" / "config.toml"
    config.write_text(config.read_text().replace("127.0.0.1", "localhost"))

    assert cli("ask", "hi").exit_code == ExitCode.AUTH
    assert hosted.seen["POST /rest/v1/chats"] == 0


def test_a_fixed_token_that_is_refused_says_which(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETLLM_ACCESS_TOKEN", "stale")
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.AUTH
    assert "POCKETLLM_ACCESS_TOKEN" in result.err


def test_a_home_that_cannot_be_written_still_answers_with_a_fixed_token(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETLLM_HOME", "/proc/nowhere")

    assert cli("ask", "hi").out == "Paris it is.\n"


def test_removing_a_context_drops_its_session(cli: Cli, hosted: FakeBackend, home: Path) -> None:
    sign_in(cli)

    assert cli("context", "remove", "work").exit_code == ExitCode.USAGE
    assert cli("context", "rm", "work", "--yes").exit_code == ExitCode.OK
    assert not session_file(home).exists()
