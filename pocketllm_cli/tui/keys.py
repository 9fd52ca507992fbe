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
    "app.keys": Key("question_mark", "Keys, where nothing is written"),
    "app.mouse": Key("f9", "Free the mouse"),
    "app.theme": Key("f8", "Theme"),
    "go.models": Key("f2", "Models"),
    "go.usage": Key("f3", "Usage"),
    "go.profile": Key("f4", "Profile"),
    "go.contexts": Key("f5", "Contexts"),
    "go.account": Key("f6", "Account"),
    "go.settings": Key("f7", "Settings"),
    "go.images": Key("f10", "Images"),
    "go.files": Key("f11", "Files"),
    "chat.new": Key("ctrl+n", "New chat", True),
    "chat.list": Key("ctrl+s", "Chats", True),
    "chat.sidebar": Key("ctrl+b", "Show or hide the chats"),
    "chat.model": Key("ctrl+l", "Model"),
    "chat.rename": Key("ctrl+r", "Rename"),
    "chat.stop": Key("escape", "Stop", True),
    "chat.messages": Key("ctrl+up", "Go to the messages"),
    "chat.undo": Key("ctrl+t", "Undo"),
    "composer.send": Key("enter", "Send", True),
    "composer.newline": Key("ctrl+j,shift+enter,alt+enter", "New line", True),
    "composer.complete": Key("tab", "Complete"),
    "composer.files": Key("ctrl+f", "Name a file"),
    "composer.editor": Key("ctrl+o", "Write in $EDITOR"),
    "composer.detach": Key("ctrl+g", "Remove an attached file"),
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
    "messages.thoughts": Key("t", "Fold or unfold the thoughts"),
    "messages.links": Key("o", "Links"),
    "messages.files": Key("a", "Files"),
    "chats.down": Key("down", "To the list"),
    "chats.rename": Key("r,ctrl+r", "Rename", True),
    "chats.archive": Key("a", "Archive", True),
    "chats.delete": Key("delete,x", "Delete", True),
    "chats.archived": Key("v", "Archived", True),
    "chats.search": Key("slash", "Search", True),
    "dialog.cancel": Key("escape", "Cancel"),
    "dialog.down": Key("down", "Next"),
    "dialog.up": Key("up", "Before"),
    "place.back": Key("escape", "Back", True),
    "place.reload": Key("ctrl+r", "Read again"),
    "models.use": Key("u", "Use in this chat", True),
    "models.add": Key("a", "Add", True),
    "models.edit": Key("e", "Edit", True),
    "models.test": Key("t", "Test", True),
    "models.catalog": Key("c", "Catalog", True),
    "models.default": Key("d", "Make default", True),
    "models.remove": Key("x,delete", "Remove", True),
    "form.next": Key("tab", "Next field"),
    "form.before": Key("shift+tab", "Field before"),
    "form.save": Key("ctrl+s", "Save", True),
    "form.catalog": Key("ctrl+l", "Catalog", True),
    "images.make": Key("m,a,slash", "New picture", True),
    "images.leave": Key("down", "To the pictures", True),
    "images.open": Key("enter,o", "Open", True),
    "images.save": Key("s", "Save", True),
    "images.copy": Key("y", "Copy its path"),
    "images.link": Key("l", "Link", True),
    "images.retry": Key("r", "Make anew", True),
    "images.cancel": Key("z", "Cancel", True),
    "images.remove": Key("x,delete", "Delete", True),
    "gallery.before": Key("left,h", "Picture before"),
    "gallery.after": Key("right", "Next picture"),
    "gallery.up": Key("up,k", "A row up"),
    "gallery.down": Key("down,j", "A row down"),
    "gallery.first": Key("g,home", "Newest picture"),
    "gallery.last": Key("G,end", "Oldest picture"),
    "files.open": Key("enter,o", "Open", True),
    "files.filter": Key("slash", "Filter", True),
    "files.sort": Key("t", "Order", True),
    "files.chat": Key("c", "One chat", True),
    "files.upload": Key("u", "Upload", True),
    "files.attach": Key("a", "Attach", True),
    "files.save": Key("s", "Save", True),
    "files.link": Key("l", "Link", True),
    "files.copy": Key("y", "Copy its path"),
    "files.analyze": Key("z", "Analyze", True),
    "files.remove": Key("x,delete", "Remove", True),
    "usage.range": Key("r", "Other range", True),
    "usage.by": Key("b", "By model, day or chat", True),
    "profile.edit": Key("e", "Edit", True),
    "contexts.use": Key("u,enter", "Use", True),
    "contexts.add": Key("a", "Add", True),
    "contexts.remove": Key("x,delete", "Remove", True),
    "account.sign_in": Key("i", "Sign in", True),
    "account.sign_out": Key("o", "Sign out", True),
    "signin.local": Key("ctrl+e", "Use the backend on this machine", True),
    "settings.change": Key("enter,space", "Change", True),
    "settings.reset": Key("backspace,delete", "Usual value", True),
}


_SIGNS: Final = {
    "left_square_bracket": "[",
    "question_mark": "?",
    "right_square_bracket": "]",
    "slash": "/",
}
_EVERYWHERE: Final = frozenset({"app", "go"})
"""Groups whose keys work on every screen."""


def field_bindings() -> list[Binding]:
    """Return how one goes from field to field.

    With priority the focus has moved before what is typed behind the key goes out: a password that
    a password manager types after a Tab must not land in the field before, where it can be read.
    """
    return [
        bind("form.next", "app.focus_next", priority=True),
        bind("form.before", "app.focus_previous", priority=True),
    ]


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
    return shown_key(keys_of(key_id, changed)[0])


def check_keys(key_id: str, keys: object) -> str:
    """Return the keys that `config.toml` gives to an action, by the action's name.

    Raises:
        UsageProblem: There is no such action, or what it is given are no keys.
    """
    if key_id not in KEYS:
        raise UsageProblem(
            f"“{key_id}” is no action of the terminal app.", hint=f"There are: {', '.join(KEYS)}."
        )
    if not isinstance(keys, str) or not all(part.strip() for part in keys.split(",")):
        raise UsageProblem(
            f"“{key_id}” must be a list of keys such as ctrl+n,f2.",
            hint='Example: "chat.new" = "ctrl+n,f2".',
        )
    return keys.replace(" ", "")


def conflict_of(key_id: str, key: str, changed: Mapping[str, str]) -> str | None:
    """Return the action that a key would be taken from, or None where it is free.

    Actions meet where both can be asked for at once: in the same part of the app, or one of them
    everywhere.
    """
    group = key_id.partition(".")[0]
    for other in KEYS:
        if other == key_id or key not in keys_of(other, changed):
            continue
        of_other = other.partition(".")[0]
        if of_other == group or {group, of_other} & _EVERYWHERE:
            return other
    return None


def shown_key(key: str) -> str:
    """Return a key as people write it: `Ctrl+T`, `?`."""
    is_combined = "+" in key
    return "+".join(
        _SIGNS.get(part) or (part.capitalize() if len(part) > 1 or is_combined else part)
        for part in key.split("+")
    )
