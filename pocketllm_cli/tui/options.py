"""What `config.toml` says about the terminal app: the tables `[keys]` and `[terminal]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.tui.attention import NOTIFY_WAYS
from pocketllm_cli.tui.keys import check_keys
from pocketllm_cli.tui.themes import THEME_NAMES

_KINDS: Final[dict[str, type]] = {
    "theme": str,
    "markdown": bool,
    "timestamps": bool,
    "pictures": bool,
    "animation": bool,
    "mouse": bool,
    "window_title": bool,
    "notify": str,
    "notify_after_seconds": int,
}
_KIND_NAMES: Final[dict[type, str]] = {str: "a text", bool: "true or false", int: "a whole number"}


CHOICES: Final[dict[str, tuple[str, ...]]] = {"theme": THEME_NAMES, "notify": NOTIFY_WAYS}
"""The options that are one of a few names."""


@dataclass(frozen=True, slots=True)
class Look:
    """How messages are shown."""

    markdown: bool = True
    timestamps: bool = True
    pictures: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys, for what messages say of them."""


@dataclass(frozen=True, slots=True)
class TerminalOptions:
    """How the app looks and which keys it takes."""

    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys, by the names in `keys.KEYS`."""
    theme: str = "auto"
    """A name of `themes.THEME_NAMES`; `auto` follows the terminal."""
    markdown: bool = True
    """Whether answers are shown as Markdown, rather than as the model wrote them."""
    timestamps: bool = True
    """Whether messages say when they were written."""
    pictures: bool = True
    """Whether pictures that went with a question are drawn, rather than only named."""
    animation: bool = True
    """Whether anything moves by itself."""
    mouse: bool = True
    """Whether the app takes the mouse from the start."""
    window_title: bool = True
    """Whether the window is called like the chat that is open."""
    notify: str = "auto"
    """A name of `attention.NOTIFY_WAYS`."""
    notify_after_seconds: int = 10
    """An answer that took longer and ends while another window has the focus is told of."""
    is_still: bool = False
    """No blinking cursor and no animation, for pictures that are compared."""

    @property
    def look(self) -> Look:
        """How messages are shown."""
        return Look(self.markdown, self.timestamps, self.pictures, self.keys)


@dataclass(frozen=True, slots=True)
class WrongValue:
    """A value of `config.toml` that cannot be, and why: words that follow its name."""

    table: Literal["keys", "terminal"]
    name: str
    reason: str


def read_options(
    keys: Mapping[str, Any], terminal: Mapping[str, Any]
) -> tuple[TerminalOptions, list[WrongValue]]:
    """Return how the app is wanted, as usual where what is told cannot be, and what that is."""
    wrong, taken, changed = [], {}, {}
    for name, value in terminal.items():
        if reason := _why_not(name, value):
            wrong.append(WrongValue("terminal", name, reason))
        else:
            taken[name] = value
    for key_id, told in keys.items():
        try:
            changed[key_id] = check_keys(key_id, told)
        except UsageProblem as error:
            wrong.append(WrongValue("keys", key_id, error.message.partition("” ")[2].rstrip(".")))
    return TerminalOptions(keys=changed, **taken), wrong


def _why_not(name: str, value: object) -> str:
    """Return why an option cannot have a value; "" where it can."""
    if name not in _KINDS:
        return f"is no option of the terminal app; there are {', '.join(_KINDS)}"
    if type(value) is not _KINDS[name]:
        return f"must be {_KIND_NAMES[_KINDS[name]]}"
    if name in CHOICES and value not in CHOICES[name]:
        return f"must be one of {', '.join(CHOICES[name])}"
    return "must not be negative" if isinstance(value, int) and value < 0 else ""
