"""The terminal app as a person meets it: on a terminal, over the embedded backend."""

import os
import signal
import termios
import time
from collections.abc import Callable
from typing import Protocol

import pytest

from tests.support.backend import BackendUser, sign_up
from tests.support.home import POCKETLLM, Home
from tests.support.terminal import Terminal, terminal_running
from tests.support.tmux import shell_in_tmux
from tests.support.upstream import Upstream

pytestmark = pytest.mark.model

CTRL_Q = "\x11"
F6, F9 = "\x1b[17~", "\x1b[20~"
FOCUS_LOST = "\x1b[O"
MOUSE = {"1000", "1002", "1003"}


def is_as_before(terminal: Terminal) -> bool:
    """No alternate screen, no mouse, a cursor, and a line that echoes."""
    is_quiet = not terminal.modes & {"1049", "1000", "1002", "1003", "1006", "2004"}
    wanted = termios.ECHO | termios.ICANON | termios.ISIG
    return is_quiet and "25" in terminal.modes and terminal.line_settings & wanted == wanted


class Seat(Protocol):
    """A terminal and the hands at it."""

    def type(self, text: str) -> None: ...
    def press(self, key: str) -> None: ...
    def until(self, claim: Callable[[str], object]) -> str: ...


def sign_in_ask_stop_regenerate_search_switch_and_quit(
    seat: Seat, user: BackendUser, slow_down: Callable[[], None] = lambda: None
) -> None:
    seat.until(lambda page: "You are not signed in." in page)
    seat.type(user.email)
    seat.press("Tab")
    seat.type(user.password)
    seat.press("Enter")
    seat.until(lambda page: "online" in page and "Zebras" in page and "Sign in" not in page)

    seat.type("What is the capital of France?")
    seat.press("Enter")
    is_there = ("tokens", "second half")
    seat.until(lambda page: any(sign in page for sign in is_there) and "writing" not in page)

    seat.press("C-Up")
    seat.until(lambda page: "Regenerate" in page)
    seat.type("r")
    seat.until(lambda page: "2/2" in page and "writing" not in page)

    slow_down()
    seat.type("i")
    seat.until(lambda page: "New line" in page)
    seat.type("Write a very long story about a fox and a hen.")
    seat.press("Enter")
    seat.until(lambda page: "writing" in page)
    seat.press("Escape")
    seat.until(lambda page: "stopped" in page)

    seat.press("C-s")
    seat.type("zebras")
    seat.press("Enter")
    seat.until(lambda page: "Zebras" in page.splitlines()[0])

    seat.press("C-s")
    seat.press("Enter")
    seat.until(lambda page: "Delete" in page)  # the keys of the list
    seat.press("Enter")
    seat.until(lambda page: "What is the capital" in page.splitlines()[0])
    seat.press("C-q")


def newcomer(home: Home) -> tuple[BackendUser, dict[str, str]]:
    """Make an account, and the environment of somebody who has it and is not signed in."""
    status = home.status()
    user = sign_up(status["url"], status["publishable_key"])
    backend = {"POCKETLLM_URL": user.url, "POCKETLLM_ANON_KEY": user.key}
    folder = home.folder / user.email
    user.call("POST", "/rest/v1/chats", {"title": "Zebras"})
    return user, home.environment | backend | {"POCKETLLM_HOME": str(folder)}


@pytest.mark.timeout(400)  # the local model writes on whatever this machine has left
def test_in_tmux_a_person_signs_in_asks_the_local_model_and_leaves_the_shell_as_it_was(
    home: Home,
) -> None:
    user, environment = newcomer(home)
    with shell_in_tmux(environment) as tmux:
        tmux.until(lambda page: "$" in page)
        tmux.type(f'{POCKETLLM}; echo "left with $?"')
        tmux.press("Enter")
        sign_in_ask_stop_regenerate_search_switch_and_quit(tmux, user)
        tmux.until(lambda page: "left with 0" in page)
        assert tmux.is_plain()
        tmux.type("stty -a")
        tmux.press("Enter")
        settings = tmux.until(lambda page: "cread" in page).split()
        assert {"echo", "icanon", "isig"} <= set(settings)


def test_a_bare_terminal_does_as_well_as_tmux(
    home: Home, provider: Upstream, addresses: dict[str, str]
) -> None:
    user, environment = newcomer(home)
    provider.release.set()  # nobody waits for it yet
    user.add_config(model="waits", base_url=addresses["waits"], is_default=True)
    with terminal_running([POCKETLLM], environment) as terminal:
        slow_down = provider.release.clear
        sign_in_ask_stop_regenerate_search_switch_and_quit(terminal, user, slow_down)
        assert terminal.until_ended() == 0
        assert is_as_before(terminal)


def test_a_chat_begun_by_a_command_appears_by_itself(home: Home) -> None:
    with terminal_running([POCKETLLM], home.environment) as terminal:
        terminal.until(lambda page: "online" in page)
        home.run("chats", "new", "Walrus business")
        terminal.until(lambda page: "Walrus business" in page)
        terminal.type(CTRL_Q)
        assert terminal.until_ended() == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_leaves_the_terminal_as_it_was(home: Home, name: str) -> None:
    with terminal_running([POCKETLLM], home.environment) as terminal:
        terminal.until(lambda page: "online" in page)
        os.kill(terminal.process.pid, getattr(signal, name))

        assert terminal.until_ended() == 128 + getattr(signal, name)
        assert is_as_before(terminal)


def test_a_crash_leaves_the_terminal_as_it_was_and_names_the_log(home: Home) -> None:
    crash = (
        "from pocketllm_cli.tui.screens.chat import ChatScreen\n"
        "def fail(self): raise RuntimeError('secret of the program')\n"
        "ChatScreen.action_toggle_chats = fail\n"
        "from pocketllm_cli.cli import main; main()"
    )
    python = os.path.join(os.path.dirname(POCKETLLM), "python")
    with terminal_running([python, "-c", crash], home.environment) as terminal:
        terminal.until(lambda page: "online" in page)
        terminal.type("\x02")

        assert terminal.until_ended() == 1
        assert is_as_before(terminal)
        assert "Something unexpected went wrong" in terminal.text
        assert "secret of the program" not in terminal.text
        assert ".log" in terminal.text.replace("\n", "")


def test_off_a_terminal_pocketllm_alone_prints_help(home: Home) -> None:
    ran = home.run()

    assert ran.code == 0
    assert "Usage" in ran.text
    assert b"\x1b" not in ran.out


def test_signing_out_begins_the_app_anew_on_the_same_terminal(home: Home) -> None:
    with terminal_running([POCKETLLM], home.environment) as terminal:
        terminal.until(lambda page: "online" in page)
        terminal.type(F6)
        terminal.until(lambda page: "the local account of this machine" in page)
        terminal.type("o")
        terminal.until(lambda page: "Sign out of embedded?" in page)
        terminal.type("\t\r")
        terminal.until(lambda page: "Account" not in page and "online" in page)
        terminal.type(CTRL_Q)

        assert terminal.until_ended() == 0
        assert is_as_before(terminal)


def test_an_answer_whose_backend_is_killed_is_marked_and_the_backend_comes_back(
    new_home: Callable[..., Home], provider: Upstream
) -> None:
    home = new_home()
    model = ("half", "--provider", "openai-compatible", "--model", "waits", "--default")
    added = home.run("models", "add", *model, "--base-url", provider.base_url)
    assert added.code == 0, added.err
    provider.release.clear()
    with terminal_running([POCKETLLM], home.environment) as terminal:
        terminal.until(lambda page: "online" in page)
        terminal.type("Where?\r")
        terminal.until(lambda page: "first half," in page and "writing" in page)
        time.sleep(1.3)  # longer than it takes to store the text so far
        home.kill_everything()
        page = terminal.until(lambda page: "interrupted: the backend stopped" in page)
        assert "first half," in page
        terminal.until(lambda page: "online" in page)
        terminal.press("C-q")
        assert terminal.until_ended() == 0
        assert is_as_before(terminal)


HOSTILE = (
    "begin \x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b]8;;https://evil.example\x07link\x1b]8;;\x07"
    "\x1b[2J\x1bc\x1b[6n\x1b_Gi=66\x1b\\\x1bPqevil\x1b\\\x9b31m\x1b]never ended"
)


def test_no_sequence_in_a_title_a_message_or_a_stream_reaches_the_terminal(
    home: Home, provider: Upstream, addresses: dict[str, str]
) -> None:
    user, environment = newcomer(home)
    config = user.add_config(model="hostile", base_url=addresses["hostile"], is_default=True)
    chat = {"title": f"title {HOSTILE}"[:120], "model_config_id": config}
    row = user.call("POST", "/rest/v1/chats", chat, prefer="return=representation")[0]
    for role in ("user", "assistant"):
        message = {"chat_id": row["id"], "role": role, "content": HOSTILE}
        user.call("POST", "/rest/v1/messages", message)
    environment |= {"POCKETLLM_ACCESS_TOKEN": user.token}
    with terminal_running([POCKETLLM, "--chat", "last"], environment) as terminal:
        terminal.until(lambda page: page.count("begin") == 2 and "online" in page)
        terminal.type("Go on\r")
        terminal.until(lambda page: "data: [DONE]" in page and "writing" not in page)
        terminal.press("C-q")
        assert terminal.until_ended() == 0
    evil = [b"ZXZpbA", b"owned\x07", b"\x1b]8", b"\x1b[2J", b"\x1bc", b"\x1b[6n", b"i=66\x1b"]
    assert not [each for each in [*evil, b"\x1bPqevil", b"\xc2\x9b"] if each in terminal.written]


def test_what_is_wrong_in_the_settings_is_told_and_the_rest_is_done(home: Home) -> None:
    config = home.folder / "pocketllm" / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text('[terminal]\ntheme = "pink"\nmouse = false\nwindow_title = false\n')
    try:
        with terminal_running([POCKETLLM], home.environment) as terminal:
            terminal.until(lambda page: "config.toml, line 2: “theme” must be" in page)
            assert not terminal.modes & MOUSE
            terminal.type(F9)
            terminal.until(lambda page: terminal.modes & MOUSE)
            terminal.type(CTRL_Q)
            assert terminal.until_ended() == 0
            assert is_as_before(terminal)
    finally:
        config.unlink()
    assert b"\x1b]2;" not in terminal.written


def test_an_answer_that_ends_unseen_is_told_of_by_the_desktop_and_the_title_is_put_back(
    home: Home, add_model: Callable[[str], str]
) -> None:
    config = home.folder / "pocketllm" / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("[terminal]\nnotify_after_seconds = 0\n")
    home.run("ask", "-m", add_model("any"), "Where do herons sleep?")
    environment = home.environment | {"TERM_PROGRAM": "kitty", "KITTY_WINDOW_ID": "1"}
    try:
        with terminal_running([POCKETLLM, "--chat", "last"], environment) as terminal:
            terminal.until(lambda page: "online" in page)
            terminal.type("Still there?\r")
            terminal.type(FOCUS_LOST)
            terminal.until(lambda page: b"\x1b]9;PocketLLM answered: Where do" in terminal.written)
            terminal.type(CTRL_Q)
            assert terminal.until_ended() == 0
    finally:
        config.unlink()
    assert b"\x1b]2;Where do herons sleep? - PocketLLM\x07" in terminal.written
    assert terminal.written.endswith(b"\x1b[23;2t")
