"""How a person who looks elsewhere is called."""

import pytest

from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.attention import attention_sequence
from pocketllm_cli.tui.window_title import title_sequence

KITTY = TerminalSettings(notices="osc9")
EVIL = "a;b\x1b]52;c;ZXZpbA==\x07\x9c\x1b\\\nc"


@pytest.mark.parametrize(
    ("variables", "form"),
    [
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"}, "osc9"),
        ({"TERM": "xterm-ghostty", "SSH_TTY": "/dev/pts/1"}, "osc9"),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "rxvt-unicode-256color"}, "osc777"),
        ({"TERM": "xterm-256color"}, None),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "tmux-0,1,0"}, None),
    ],
)
def test_a_terminal_is_known_by_what_the_environment_says(
    variables: dict[str, str], form: str | None
) -> None:
    assert TerminalSettings.from_variables(variables).notices == form


def test_a_notice_goes_where_it_is_taken_and_the_bell_rings_elsewhere() -> None:
    foot = TerminalSettings(notices="osc777")

    assert attention_sequence("Trip", "auto", KITTY) == "\x1b]9;PocketLLM answered: Trip\x1b\\"
    assert attention_sequence("Trip", "auto", foot).startswith("\x1b]777;notify;PocketLLM;")
    assert attention_sequence("Trip", "auto", TerminalSettings()) == "\x07"
    assert attention_sequence("Trip", "bell", KITTY) == "\x07"
    assert attention_sequence("Trip", "off", KITTY) == ""


def test_a_title_cannot_leave_the_notice_or_the_title_it_is_put_into() -> None:
    notice = attention_sequence(EVIL, "auto", KITTY).removesuffix("\x1b\\")
    title = title_sequence(EVIL).removesuffix("\x07")

    assert notice.startswith("\x1b]9;")
    assert title.startswith("\x1b]2;")
    for text in (notice[4:], title[4:]):
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text)
    assert ";" not in notice[4:]
