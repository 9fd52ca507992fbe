"""Writes a chat as a file: Markdown to read, JSON for programs."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.exports.markdown import render_markdown
from pocketllm_cli.models import ChatWithTurns
from pocketllm_cli.sanitize import clean_line

Form = Literal["markdown", "json"]
_ENDINGS: Final[dict[str, str]] = {"markdown": "md", "json": "json"}


def export_chat(chat: ChatWithTurns, form: str, folder: Path) -> Path:
    """Write the turns that are shown and return where; a file that is there is never replaced.

    Raises:
        UsageProblem: There is no such form.
        LocalFileProblem: The file cannot be written.
    """
    if form not in _ENDINGS:
        raise UsageProblem(
            f"“{clean_line(form)}” is no form of export.", hint="Use /export markdown or json."
        )
    text = render_json(chat) if form == "json" else render_markdown(chat)
    stem = re.sub(r"[^\w.-]+", "-", clean_line(chat.chat.title)).strip("-.")[:60] or "chat"
    number = 1
    while True:
        name = f"{stem}-{number}" if number > 1 else stem
        path = folder / f"{name}.{_ENDINGS[form]}"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise LocalFileProblem(f"Could not write {path}: {error.strerror}.") from error
        else:
            return path


def render_json(chat: ChatWithTurns) -> str:
    """Return the chat and its shown messages as `pocketllm chats show --json` has them."""
    record = {**asdict(chat.chat), "messages": [asdict(turn.message) for turn in chat.branch]}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"
