"""Every key of the terminal app: what it is called in `config.toml`, what it is, what it does.

A binding is made here and nowhere else, so that each can be given other keys under `[keys]` and
the help can list them. Terminals cannot tell Ctrl+I from Tab nor Ctrl+M from Enter; Ctrl+J they
all send.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

from pocketllm_cli.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Key:
    """The usual keys of an action, separated by commas, and its name for people."""

    keys: str
    description: str
    is_in_footer: bool = False


KEYS: Final[dict[str, Key]] = {
    "app.quit": Key("ctrl+q", "Quit"),
    "app.interrupt": Key("ctrl+c", "Copy, stop or quit"),
    "app.palette": Key("ctrl+p", "Commands", True),
    "app.help": Key("f1", "Keys", True),
    "app.mouse": Key("f9", "Free the mouse"),
    "app.theme": Key("f8", "Theme"),
    "chat.new": Key("ctrl+n", "New chat", True),
    "chat.list": Key("ctrl+s", "Chats", True),
    "chat.sidebar": Key("ctrl+b", "Show or hide the chats"),
    "chat.model": Key("ctrl+l", "Model"),
    "chat.rename": Key("ctrl+r", "Rename"),
    "chat.stop": Key("escape", "Stop", True),
    "chat.messages": Key("ctrl+up", "Go to the messages"),
    "chat.undo": Key("ctrl+t", "Undo the deletion"),
    "composer.send": Key("enter", "Send", True),
    "composer.newline": Key("ctrl+j,shift+enter,alt+enter", "New line", True),
    "composer.complete": Key("tab", "Complete"),
    "composer.files": Key("ctrl+f", "Name a file"),
    "composer.editor": Key("ctrl+o", "Write in $EDITOR"),
    "messages.down": Key("j,down", "Next message"),
    "messages.up": Key("k,up", "Message before"),
    "messages.half_down": Key("d", "Half a page down"),
    "messages.half_up": Key("u", "Half a page up"),
    "messages.first": Key("g,home", "First message"),
    "messages.last": Key("G,end", "Last message"),
    "messages.write": Key("i,tab", "Write", True),
    "messages.copy": Key("y,c", "Copy", True),
    "messages.copy_code": Key("Y", "Copy code", True),
    "messages.regenerate": Key("r", "Regenerate", True),
    "messages.edit": Key("e", "Edit", True),
    "messages.fork": Key("f", "Fork", True),
    "messages.version_before": Key("left_square_bracket", "Version before"),
    "messages.version_after": Key("right_square_bracket", "Next version"),
    "messages.thoughts": Key("t", "Thoughts"),
    "messages.links": Key("o", "Links"),
    "chats.down": Key("down", "To the list"),
    "chats.rename": Key("r", "Rename", True),
    "chats.delete": Key("delete,x", "Delete", True),
    "chats.search": Key("slash", "Search", True),
    "dialog.cancel": Key("escape", "Cancel"),
}


def bind(key_id: str, action: str, *, priority: bool = False) -> Binding:
    """Return the binding of a key named in `KEYS`.

    Args:
        priority: Whether it goes before what the focused widget does with the key.
    """
    key = KEYS[key_id]
    return Binding(
        key.keys,
        action,
        key.description,
        show=key.is_in_footer,
        id=key_id,
        priority=priority,
    )


def keys_of(key_id: str, changed: Mapping[str, str]) -> list[str]:
    """Return the keys of an action, by Textual's names."""
    return changed.get(key_id, KEYS[key_id].keys).split(",")


def key_of(key_id: str, changed: Mapping[str, str]) -> str:
    """Return the first key of an action as people write it: `Ctrl+T`."""
    key = keys_of(key_id, changed)[0]
    return "+".join(part.capitalize() if len(part) > 1 else part for part in key.split("+"))


def check_keymap(told: Mapping[str, object]) -> dict[str, str]:
    """Return the keys that `config.toml` gives to actions, by the actions' names.

    Raises:
        UsageProblem: There is no such action, or what it is given are no keys.
    """
    for key_id, keys in told.items():
        if key_id not in KEYS:
            raise UsageProblem(
                f"“{key_id}” under [keys] in config.toml is no action of the terminal app.",
                hint=f"There are: {', '.join(KEYS)}.",
            )
        if not isinstance(keys, str) or not all(part.strip() for part in keys.split(",")):
            raise UsageProblem(
                f"The keys of “{key_id}” in config.toml are no list of keys.",
                hint='Example: "chat.new" = "ctrl+n,f2".',
            )
    return {key_id: str(keys).replace(" ", "") for key_id, keys in told.items()}
