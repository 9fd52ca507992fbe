"""The terminal app as a person meets it: on a terminal, over the embedded backend."""

import os
import signal
import termios
from collections.abc import Callable

import pytest

from tests.support.home import POCKETLLM, Home
from tests.support.terminal import Terminal, terminal_running

pytestmark = pytest.mark.model

CTRL_N, CTRL_Q, CTRL_S, ESCAPE, CTRL_UP = "\x0e", "\x11", "\x13", "\x1b", "\x1b[1;5A"
F6, F9 = "\x1b[17~", "\x1b[20~"
FOCUS_LOST = "\x1b[O"
MOUSE = {"1000", "1002", "1003"}


def is_as_before(terminal: Terminal) -> bool:
    """No alternate screen, no mouse, a cursor, and a line that echoes."""
    is_quiet = not terminal.modes & {"1049", "1000", "1002", "1003", "1006", "2004"}
    wanted = termios.ECHO | termios.ICANON | termios.ISIG
    return is_quiet and "25" in terminal.modes and terminal.line_settings & wanted == wanted


@pytest.mark.timeout(400)  # the local model writes on whatever this machine has left
def test_a_person_asks_stops_regenerates_searches_switches_and_leaves(home: Home) -> None:
    home.run("ask", "Say the word zebra.", timeout=120)
    with terminal_running([POCKETLLM], home.environment) as terminal:
        terminal.until(lambda page: "online" in page and "zebra" in page)

        terminal.type("What is the capital of France?\r")
        terminal.until(lambda page: "SmolLM2" in page and "writing" not in page)
        terminal.until(lambda page: "tokens" in page)

        terminal.type(CTRL_UP)
        terminal.until(lambda page: "Regenerate" in page)
        terminal.type("r")
        terminal.until(lambda page: "2/2" in page and "writing" not in page)

        terminal.type("i")
        terminal.until(lambda page: "New line" in page)
        terminal.type("Write a very long story about a fox and a hen.\r")
        terminal.until(lambda page: "writing" in page)
        terminal.type(ESCAPE)
        terminal.until(lambda page: "stopped" in page)

        terminal.type(CTRL_S)
        terminal.until(lambda page: "New line" not in page)  # the composer's keys are gone
        terminal.type("zebra\r")
        terminal.until(lambda page: "Say the word zebra" in page.splitlines()[0])

        terminal.type(CTRL_N)
        terminal.until(lambda page: "New chat" in page.splitlines()[0])
        terminal.type(CTRL_Q)

        assert terminal.until_ended() == 0
        assert is_as_before(terminal)
    newest = home.run("chats", "show", "--json", "last").json()
    assert newest["messages"][0]["content"].startswith("What is the capital")


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
