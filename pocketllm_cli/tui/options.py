"""What `config.toml` says about the terminal app: the tables `[keys]` and `[terminal]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.tui.keys import check_keymap
from pocketllm_cli.tui.themes import THEME_NAMES

_KINDS: Final[dict[str, type]] = {
    "theme": str,
    "markdown": bool,
    "timestamps": bool,
    "pictures": bool,
    "animation": bool,
    "mouse": bool,
    "notify_after_seconds": int,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How messages are shown."""

    markdown: bool = True
    timestamps: bool = True
    pictures: bool = True


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
    notify_after_seconds: int = 10
    """An answer that took longer and ends while another window has the focus rings the bell."""
    is_still: bool = False
    """No blinking cursor and no animation, for pictures that are compared."""

    @property
    def look(self) -> Look:
        """How messages are shown."""
        return Look(self.markdown, self.timestamps, self.pictures)

    @classmethod
    def from_tables(cls, keys: Mapping[str, Any], terminal: Mapping[str, Any]) -> Self:
        """Read the two tables.

        Raises:
            UsageProblem: A name or a value cannot be; it says which.
        """
        for name, value in terminal.items():
            if name not in _KINDS or type(value) is not _KINDS[name]:
                raise UsageProblem(
                    f"“{name}” under [terminal] in config.toml cannot be used.",
                    hint=f"There are: {', '.join(_KINDS)}; see docs/terminal-app.md.",
                )
        theme = terminal.get("theme", "auto")
        if theme not in THEME_NAMES:
            raise UsageProblem(
                f"“{theme}” is no theme.", hint=f"There are: {', '.join(THEME_NAMES)}."
            )
        return cls(keys=check_keymap(keys), **terminal)
