"""The colours: light, dark, two that do not rely on red and green, and the terminal's own.

The safe ones take their colours from Okabe and Ito's palette, which people who confuse colours
can tell apart (https://jfly.uni-koeln.de/color/).
"""

from typing import Final

from textual.theme import Theme

THEMES: Final = (
    Theme(
        name="dark",
        primary="#7aa2f7",
        secondary="#9d8cf2",
        accent="#e0af68",
        foreground="#d5d9e4",
        background="#14161b",
        surface="#1b1e25",
        panel="#23272f",
        success="#7fc98f",
        warning="#e0af68",
        error="#f2778a",
        dark=True,
    ),
    Theme(
        name="light",
        primary="#2456b8",
        secondary="#6a4bbd",
        accent="#9a5b00",
        foreground="#1d2129",
        background="#fbfbfa",
        surface="#f1f1ee",
        panel="#e6e7e4",
        success="#1f7a3d",
        warning="#8f5a00",
        error="#b3203a",
        dark=False,
    ),
    Theme(
        name="safe-dark",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#f0e442",
        foreground="#e6e6e6",
        background="#121212",
        surface="#1c1c1c",
        panel="#262626",
        success="#56b4e9",
        warning="#f0e442",
        error="#e69f00",
        dark=True,
    ),
    Theme(
        name="safe-light",
        primary="#0072b2",
        secondary="#8f4f76",
        accent="#a85100",
        foreground="#1a1a1a",
        background="#fcfcfc",
        surface="#f2f2f2",
        panel="#e6e6e6",
        success="#0072b2",
        warning="#a85100",
        error="#a83a00",
        dark=False,
    ),
)
THEME_NAMES: Final = ("auto", *(theme.name for theme in THEMES), "ansi-dark", "ansi-light")


def choose_theme(wanted: str, *, is_light: bool | None) -> str:
    """Return the name of the theme to use.

    Args:
        wanted: A name of `THEME_NAMES`.
        is_light: Whether the terminal's background is light; None where that is not known.
    """
    if wanted != "auto":
        return wanted
    return "light" if is_light else "dark"
