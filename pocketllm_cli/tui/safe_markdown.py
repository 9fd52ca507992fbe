"""Markdown from outside, made harmless before it becomes widgets.

HTML is shown as the text it is, not left out. Links and pictures become text with their whole
address behind it and no action: what opens a link is a key and a confirmation. Names of languages
are bounded, and a block without one is not guessed at, which would load every lexer there is.
"""

from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

MOST_CHARACTERS: Final = 60_000
MOST_LINES: Final = 1_500
_MOST_COLUMNS: Final = 24
_LANGUAGE: Final = 32


def safe_parser() -> MarkdownIt:
    """Return the parser for text of models and people."""
    parser = MarkdownIt("gfm-like", {"html": False, "maxNesting": 12})
    parser.core.ruler.push("harmless", _make_harmless)
    return parser


def is_too_large(text: str) -> bool:
    """Say whether a text is better shown as plain text: as widgets it would be too many."""
    widest = max((line.count("|") for line in text.split("\n")), default=0)
    return len(text) > MOST_CHARACTERS or text.count("\n") > MOST_LINES or widest > _MOST_COLUMNS


def links_in(text: str) -> list[str]:
    """Return the addresses of a text's links, each once, in their order."""
    found: dict[str, None] = {}
    for token in MarkdownIt("gfm-like", {"html": False, "maxNesting": 12}).parse(text):
        for child in token.children or ():
            if child.type == "link_open":
                href = str(child.attrs.get("href", ""))
                if href.startswith(("https://", "http://")):
                    found[href] = None
    return list(found)


def code_blocks(text: str) -> list[str]:
    """Return the content of a text's code blocks, in their order."""
    tokens = MarkdownIt("gfm-like", {"html": False, "maxNesting": 12}).parse(text)
    return [token.content for token in tokens if token.type in ("fence", "code_block")]


def _make_harmless(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("fence", "code_block"):
            words = token.info.split()
            token.info = words[0][:_LANGUAGE] if words else "text"
        if token.children:
            token.children = _without_links(token.children)


def _without_links(children: list[Token]) -> list[Token]:
    kept: list[Token] = []
    open_links: list[tuple[str, int]] = []
    for child in children:
        if child.type == "link_open":
            open_links.append((str(child.attrs.get("href", "")), len(kept)))
        elif child.type == "link_close" and open_links:
            href, start = open_links.pop()
            label = "".join(token.content for token in kept[start:])
            if href != label:
                kept += [_text(" "), _code(f"<{href}>")]
        elif child.type == "image":
            kept += [_text(f"🖼 {child.content} "), _code(f"<{child.attrs.get('src', '')}>")]
        else:
            kept.append(child)
    return kept


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _code(content: str) -> Token:
    return Token("code_inline", "code", 0, content=content)
