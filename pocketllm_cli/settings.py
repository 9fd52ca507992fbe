"""What the environment says, read once per run; no other module of the client reads it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

_TELL_COLOURS: Final = (
    "ALACRITTY_WINDOW_ID",
    "GHOSTTY_RESOURCES_DIR",
    "ITERM_SESSION_ID",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    "VTE_VERSION",
    "WEZTERM_PANE",
)
_OSC_9: Final = ("GHOSTTY_RESOURCES_DIR", "ITERM_SESSION_ID", "KITTY_WINDOW_ID", "WEZTERM_PANE")
_TERMS_OF_OSC_9: Final = frozenset({"xterm-ghostty", "xterm-kitty", "wezterm"})
_TERMS_OF_OSC_777: Final = ("foot", "rxvt-unicode")
_SHOW_PAGES: Final = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
_IS_DESKTOP: Final = sys.platform in ("darwin", "win32")
_LIGHT_COLOURS: Final = {7, 9, 10, 11, 12, 13, 14, 15}


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """What the environment says of the terminal and the desktop it is on."""

    is_remote: bool = False
    """SSH_CONNECTION, SSH_TTY: the clipboard of this machine is not the person's."""
    is_in_tmux: bool = False
    """TMUX."""
    has_wayland: bool = False
    """WAYLAND_DISPLAY."""
    has_x11: bool = False
    """DISPLAY."""
    has_browser: bool = False
    """BROWSER, or a desktop where one can be opened."""
    colours: str = ""
    """COLORFGBG: foreground and background, as some terminals tell them."""
    tells_colours: bool = False
    """A variable of a terminal that is known to tell its colours when asked."""
    editor: str | None = None
    """VISUAL or EDITOR."""
    pager: str | None = None
    """PAGER; empty for none, None where it is not set."""
    has_less_options: bool = False
    """LESS: how the person wants `less` to behave."""
    notices: Literal["osc9", "osc777"] | None = None
    """How the terminal takes notices for the desktop, by a variable of its own or by TERM."""

    @property
    def is_light(self) -> bool | None:
        """Whether the background is light; None where nothing says so."""
        background = self.colours.rpartition(";")[2]
        return int(background) in _LIGHT_COLOURS if background.isdigit() else None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Self:
        """Read the variables."""
        return cls(
            is_remote=bool(variables.get("SSH_CONNECTION") or variables.get("SSH_TTY")),
            is_in_tmux=bool(variables.get("TMUX")),
            has_wayland=bool(variables.get("WAYLAND_DISPLAY")),
            has_x11=bool(variables.get("DISPLAY")),
            has_browser=any(variables.get(name) for name in _SHOW_PAGES) or _IS_DESKTOP,
            colours=variables.get("COLORFGBG", ""),
            tells_colours=any(variables.get(name) for name in _TELL_COLOURS),
            editor=variables.get("VISUAL") or variables.get("EDITOR") or None,
            pager=variables.get("PAGER"),
            has_less_options=bool(variables.get("LESS")),
            notices=_notices(variables),
        )


def _notices(variables: Mapping[str, str]) -> Literal["osc9", "osc777"] | None:
    """Return how notices are sent; None in tmux, which passes none on, and where nobody knows."""
    if variables.get("TMUX"):
        return None
    if variables.get("TERM", "").startswith(_TERMS_OF_OSC_777):
        return "osc777"
    is_known = any(variables.get(name) for name in _OSC_9)
    is_known |= variables.get("TERM", "") in _TERMS_OF_OSC_9  # all that is left of it over SSH
    return "osc9" if is_known else None


@dataclass(frozen=True, slots=True)
class Settings:
    """The client's share of the environment; empty variables count as absent."""

    home: Path | None = None
    """POCKETLLM_HOME: one folder for everything, instead of the platform's."""
    context: str | None = None
    """POCKETLLM_CONTEXT: the context to use."""
    url: str | None = None
    """POCKETLLM_URL: a backend's address, in place of a context."""
    anon_key: str | None = None
    """POCKETLLM_ANON_KEY: its public key."""
    functions_url: str | None = None
    """POCKETLLM_FUNCTIONS_URL: where its functions are, if elsewhere."""
    supabase_url: str | None = None
    """SUPABASE_URL: understood where nothing of ours is set."""
    supabase_anon_key: str | None = None
    """SUPABASE_ANON_KEY: belongs to it."""
    access_token: str | None = None
    """POCKETLLM_ACCESS_TOKEN: a token to use as it is, for CI."""
    database_url: str | None = None
    """SUPABASE_DB_URL: a hosted backend's database, for `admin`."""
    secret_key: str | None = field(default=None, repr=False)
    """SUPABASE_SECRET_KEY or SUPABASE_SERVICE_ROLE_KEY: a hosted backend's, for `admin`."""
    email: str | None = None
    """POCKETLLM_EMAIL: for `login` and `signup` without a terminal."""
    password: str | None = None
    """POCKETLLM_PASSWORD: belongs to it."""
    debug: bool = False
    """POCKETLLM_DEBUG: as `--debug`."""
    is_dumb_terminal: bool = False
    """TERM=dumb: nothing but lines of text."""
    no_colour: bool = False
    """NO_COLOR: no colours, and no bold."""
    terminal: TerminalSettings = TerminalSettings()
    """For the terminal app."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables, by default those of this process."""
        variables = os.environ if environment is None else environment

        def text(name: str) -> str | None:
            return variables.get(name, "").strip() or None

        home = text("POCKETLLM_HOME")
        return cls(
            home=Path(home).expanduser().absolute() if home else None,
            context=text("POCKETLLM_CONTEXT"),
            url=text("POCKETLLM_URL"),
            anon_key=text("POCKETLLM_ANON_KEY"),
            functions_url=text("POCKETLLM_FUNCTIONS_URL"),
            supabase_url=text("SUPABASE_URL"),
            supabase_anon_key=text("SUPABASE_ANON_KEY"),
            access_token=text("POCKETLLM_ACCESS_TOKEN"),
            database_url=text("SUPABASE_DB_URL"),
            secret_key=text("SUPABASE_SECRET_KEY") or text("SUPABASE_SERVICE_ROLE_KEY"),
            email=text("POCKETLLM_EMAIL"),
            password=variables.get("POCKETLLM_PASSWORD") or None,
            debug=(text("POCKETLLM_DEBUG") or "0").lower() not in {"0", "false", "no"},
            is_dumb_terminal=variables.get("TERM", "") == "dumb",
            no_colour=bool(variables.get("NO_COLOR")),
            terminal=TerminalSettings.from_variables(variables),
        )


def environment_with(name: str, value: str) -> dict[str, str]:
    """Return the environment for a program of ours that is told one thing more."""
    return {**os.environ, name: value}


def read_variable(name: str) -> str | None:
    """Return a variable that the user named, as `--key-env OPENAI_API_KEY` does."""
    return os.environ.get(name) or None


def paint_often() -> None:
    """Have Textual paint up to 120 times a second, not 60, unless the person says otherwise.

    It waits for one to two of these periods after each painting: with 60 a key that comes while
    an answer streams shows up to 33 ms later than it could. Textual takes the number from the
    environment, once, when it is imported.
    """
    os.environ.setdefault("TEXTUAL_FPS", "120")
