"""The `/` commands of the composer."""

from typing import Final

SLASH_COMMANDS: Final[dict[str, str]] = {
    "new": "Begin a new chat",
    "model": "Choose the model of this chat: /model or /model NAME",
    "rename": "Give this chat another title: /rename or /rename New title",
    "fork": "Go on in a copy of this chat",
    "attach": "Attach a file: /attach PATH",
    "files": "Files of this chat: save one, copy its path",
    "regenerate": "Answer the last question once more",
    "edit": "Change the last question",
    "archive": "Put this chat away",
    "unarchive": "Take this chat out of the archive",
    "archived": "Show the chats that were put away, or the others again",
    "delete": "Delete this chat",
    "undo": "Undo what was done with a chat last",
    "copy": "Copy the last answer",
    "thoughts": "Fold or unfold what the model thought",
    "export": "Write this chat to a file: /export markdown, json or html",
    "theme": "Choose the colours",
    "image": "Make a picture in this chat: /image A red fox in snow",
    "models": "Your model configs",
    "images": "Pictures: make them, look at them, save them",
    "storage": "The files of all your chats",
    "usage": "Tokens, cost and time of answers",
    "profile": "What you tell about yourself",
    "contexts": "Choose the backend",
    "account": "Sign in, sign out",
    "settings": "Colours, keys, rendering",
    "help": "Show every key",
    "quit": "Leave",
}


_OF_LINES: Final = frozenset({"image"})
"""Commands whose rest may have more than one line."""


def parse_command(text: str) -> tuple[str, str] | None:
    """Return the name and the rest of a command, or None for a text that is a prompt.

    Only a name that exists makes a command, so that a prompt may begin with a slash.
    """
    if not text.startswith("/"):
        return None
    name, *rest = text[1:].strip().split(maxsplit=1)[:2] or [""]
    if name not in SLASH_COMMANDS or ("\n" in text.strip() and name not in _OF_LINES):
        return None
    return name, "".join(rest).strip()


def commands_beginning(text: str) -> list[str]:
    """Return the commands that begin with what is typed, as they are typed."""
    return [f"/{name}" for name in SLASH_COMMANDS if f"/{name}".startswith(text)]
