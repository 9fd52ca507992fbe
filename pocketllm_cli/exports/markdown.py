"""A chat as Markdown: front matter, then one heading a turn; pure."""

import json
from collections.abc import Iterable
from typing import Any, Final

from pocketllm_cli.models import ChatWithTurns, Turn
from pocketllm_cli.sanitize import clean_line, clean_text

HEADINGS: Final = {"user": "You", "assistant": "Answer", "system": "System prompt"}


def render_markdown(chat: ChatWithTurns) -> str:
    """Return the branch that is shown, each message as it was written."""
    parts = [_front_matter(chat), f"# {clean_line(chat.chat.title)}"]
    parts += [_turn(turn) for turn in chat.branch]
    return "\n\n".join(parts) + "\n"


def count_up(turns: Iterable[Turn]) -> dict[str, Any]:
    """Return the models that answered, and tokens and cost where they are known."""
    answers = [turn.message.metadata or {} for turn in turns if turn.message.role == "assistant"]
    counts: dict[str, Any] = {
        "models": sorted({str(one["model"]) for one in answers if one.get("model")})
    }
    for name in ("input_tokens", "output_tokens", "cost_usd"):
        known = [one[name] for one in answers if isinstance(one.get(name), int | float)]
        if known:
            counts[name] = round(sum(known), 6)
    return counts


def _front_matter(chat: ChatWithTurns) -> str:
    about = chat.chat
    fields = {
        "title": clean_line(about.title),
        "id": about.id,
        "created_at": about.created_at,
        "updated_at": about.updated_at,
        **count_up(chat.branch),
    }
    # JSON is YAML: a title cannot end its line, nor the front matter.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---"])


def _turn(turn: Turn) -> str:
    message = turn.message
    notes = [str((message.metadata or {}).get("model") or "")]
    if message.role == "assistant" and message.status != "complete":
        notes.append(message.status)
    note = ", ".join(clean_line(one) for one in notes if one)
    heading = HEADINGS.get(message.role, clean_line(message.role))
    text = f"## {heading} ({note})" if note else f"## {heading}"
    text += f"\n\n{clean_text(message.content).rstrip()}"
    links = [_source(source) for source in message.sources if isinstance(source, dict)]
    return "\n".join([text, "", *links]) if links else text


def _source(source: dict[str, Any]) -> str:
    url = clean_line(str(source.get("url") or ""))
    return f"- {clean_line(str(source.get('title') or url))}: <{url}>"
