"""The screens beside the chat: what they are called, and how one is made when it is opened."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand
from textual.widget import Widget

from pocketllm_cli.tui.keys import KEYS
from pocketllm_cli.tui.messages import PlaceWanted
from pocketllm_cli.tui.parts import Parts

if TYPE_CHECKING:
    from pocketllm_cli.tui.screens.place import PlaceScreen

PLACES: Final[dict[str, str]] = {
    "models": "Your model configs: add, test, choose",
    "images": "Pictures: make them, look at them, save them",
    "files": "The files of your chats",
    "usage": "Tokens, cost and time of answers",
    "profile": "What you tell about yourself",
    "contexts": "Which backend is used",
    "account": "Who is signed in; sign in and out",
    "settings": "Colours, keys, rendering",
    "help": "Every key",
}
_NO_DEEDS: Final = frozenset({"settings"})
"""Places whose keys only make sense on the line they are pressed on."""


def make_place(name: str, parts: Parts, deed: str | None = None) -> "PlaceScreen":
    """Return a new screen; its module is imported only now.

    Args:
        name: A name of `PLACES`.
        deed: An action of the screen to begin with.
    """
    match name:
        case "models":
            from pocketllm_cli.tui.screens.models import ModelsScreen

            return ModelsScreen(parts, deed)
        case "images":
            from pocketllm_cli.tui.screens.images import ImagesScreen

            return ImagesScreen(parts, deed)
        case "files":
            from pocketllm_cli.tui.screens.files import FilesScreen

            return FilesScreen(parts, deed)
        case "usage":
            from pocketllm_cli.tui.screens.usage import UsageScreen

            return UsageScreen(parts, deed)
        case "profile":
            from pocketllm_cli.tui.screens.profile import ProfileScreen

            return ProfileScreen(parts, deed)
        case "contexts":
            from pocketllm_cli.tui.screens.contexts import ContextsScreen

            return ContextsScreen(parts, deed)
        case "account":
            from pocketllm_cli.tui.screens.account import AccountScreen

            return AccountScreen(parts, deed)
        case "settings":
            from pocketllm_cli.tui.screens.settings import SettingsScreen

            return SettingsScreen(parts, deed)
        case "help":
            from pocketllm_cli.tui.screens.help import HelpScreen

            return HelpScreen(parts, deed)
    raise ValueError(f"There is no place called {name!r}.")


def place_commands(to: Widget) -> Iterable[SystemCommand]:
    """Yield what the command palette offers everywhere: each screen, and each deed there.

    Args:
        to: Whom the requests are posted to.
    """
    for name, about in PLACES.items():
        title = name.capitalize()
        yield SystemCommand(title, about, partial(to.post_message, PlaceWanted(name)))
        for key_id, key in KEYS.items():
            group, _, deed = key_id.partition(".")
            if group == name and group not in _NO_DEEDS:
                wanted = partial(to.post_message, PlaceWanted(name, deed))
                yield SystemCommand(f"{title}: {key.description}", about, wanted)
