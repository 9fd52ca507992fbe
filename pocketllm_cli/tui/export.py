"""Writes a chat as a file: Markdown or a page to read, JSON that can be imported."""

import re
from pathlib import Path
from typing import Final

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.exports.whole_chat import WholeChat, render_document
from pocketllm_cli.sanitize import clean_line

_ENDINGS: Final[dict[str, str]] = {"markdown": "md", "json": "json", "html": "html"}


def check_form(form: str) -> None:
    """Refuse what a chat cannot be written as.

    Raises:
        UsageProblem: There is no such form.
    """
    if form not in _ENDINGS:
        raise UsageProblem(
            f"“{clean_line(form)}” is no form of export.",
            hint=f"There are: {', '.join(_ENDINGS)}.",
        )


def export_chat(chat: WholeChat, form: str, folder: Path) -> Path:
    """Write a chat as the command `chats export` does and return where; no file is ever replaced.

    Raises:
        UsageProblem: There is no such form.
        LocalFileProblem: The file cannot be written.
    """
    check_form(form)
    text = _render(chat, form)
    stem = re.sub(r"[^\w.-]+", "-", clean_line(chat.chat["title"])).strip("-.")[:60] or "chat"
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


def _render(chat: WholeChat, form: str) -> str:
    if form == "json":
        return render_document(chat)
    if form == "html":
        from pocketllm_cli.exports.html import render_html

        return render_html(chat.as_turns())
    from pocketllm_cli.exports.markdown import render_markdown

    return render_markdown(chat.as_turns())
