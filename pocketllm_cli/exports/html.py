"""A chat as one HTML page: no script in it, nothing loaded from anywhere; pure."""

from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from pocketllm_cli.exports.markdown import HEADINGS, count_up
from pocketllm_cli.models import ChatWithTurns, Turn
from pocketllm_cli.sanitize import clean_line, clean_text

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_STYLE: Final = """
:root { color-scheme: light dark; --edge: #8884; --mine: #8882; --quiet: #777; }
body { margin: 2rem auto; max-width: 46rem; padding: 0 1rem; font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: break-word; }
header p, h2 small, footer { color: var(--quiet); font-size: .85rem; font-weight: normal; }
article { border-top: 1px solid var(--edge); padding: .5rem 0; }
article.user { background: var(--mine); padding: .5rem 1rem; border-radius: .5rem; border: 0; }
h2 { font-size: 1rem; margin: .5rem 0; }
pre { overflow-x: auto; padding: .75rem; background: var(--mine); border-radius: .4rem; }
code { font: .9em ui-monospace, monospace; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--edge); padding: .3rem .6rem; }
blockquote { border-left: 3px solid var(--edge); margin-left: 0; padding-left: 1rem; }
details { color: var(--quiet); } details p { white-space: pre-wrap; }
@media print { body { max-width: none; } }
"""
_SAFE: Final = frozenset({"http", "https", "mailto"})


def render_html(chat: ChatWithTurns) -> str:
    """Return the branch that is shown as a page of its own."""
    title = escape(clean_line(chat.chat.title))
    turns = "\n".join(_turn(turn) for turn in chat.branch)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1><p>{_about(chat)}</p></header>\n<main>\n{turns}\n</main>\n"
        f"</body>\n</html>\n"
    )


def _about(chat: ChatWithTurns) -> str:
    counts = count_up(chat.branch)
    parts = [chat.chat.created_at[:10], *counts["models"]]
    tokens = counts.get("input_tokens", 0) + counts.get("output_tokens", 0)
    if tokens:
        parts.append(f"{tokens:,} tokens")
    if "cost_usd" in counts:
        parts.append(f"${counts['cost_usd']:.4f}")
    return escape(" · ".join(clean_line(part) for part in parts))


def _turn(turn: Turn) -> str:
    message = turn.message
    role = message.role if message.role in HEADINGS else "other"
    notes = [str((message.metadata or {}).get("model") or ""), message.created_at[:16]]
    if message.role == "assistant" and message.status != "complete":
        notes.append(message.status)
    note = escape(" · ".join(clean_line(one) for one in notes if one))
    heading = escape(HEADINGS.get(message.role, clean_line(message.role)))
    body = render_body(clean_text(message.content))
    if message.reasoning:
        thoughts = escape(clean_text(message.reasoning).strip())
        body = f"<details><summary>Thoughts</summary><p>{thoughts}</p></details>\n{body}"
    sources = "".join(_source(one) for one in message.sources if isinstance(one, dict))
    return (
        f'<article class="{role}"><h2>{heading} <small>{note}</small></h2>\n{body}'
        f"{f'<ul>{sources}</ul>' if sources else ''}</article>"
    )


def render_body(text: str) -> str:
    """Return Markdown as HTML that holds no markup, script or picture of its own."""
    from markdown_it import MarkdownIt  # for this one format only

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.add_render_rule("image", _picture)
    parser.add_render_rule("link_open", _link)
    rendered: str = parser.render(text)
    return rendered


def _picture(_: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    return f"[picture: {escape(token.content)} {escape(str(token.attrGet('src') or ''))}]"


def _link(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    target = str(token.attrGet("href") or "")
    if not _is_safe(target):
        target = ""
    return f'<a href="{escape(target)}" title="{escape(target)}" rel="noopener noreferrer">'


def _source(source: dict[str, Any]) -> str:
    url = clean_line(str(source.get("url") or ""))
    title = escape(clean_line(str(source.get("title") or url)))
    if not _is_safe(url):
        return f"<li>{title}</li>"
    return f'<li><a href="{escape(url)}" rel="noopener noreferrer">{title}</a></li>'


def _is_safe(url: str) -> bool:
    try:
        return urlsplit(url).scheme.lower() in _SAFE
    except ValueError:
        return False
