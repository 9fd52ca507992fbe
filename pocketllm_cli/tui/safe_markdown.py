"""Markdown from outside, made harmless before it becomes widgets.

HTML is shown as the text it is, not left out. Links and pictures become text with their whole
address behind it and no action: what opens a link is a key and a confirmation. Names of languages
are bounded, and a block without one is not guessed at, which would load every lexer there is.
"""

import re
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

MOST_CHARACTERS: Final = 60_000
MOST_LINES: Final = 1_500
MOST_IN_PARAGRAPH: Final = 12_000
"""Characters without an empty line, outside of code: a parser takes 20 µs for one at worst."""
_MOST_COLUMNS: Final = 24
_LANGUAGE: Final = 32
_FENCE: Final = re.compile(r"(`{3,}|~{3,})([^`]*)$")
_BARE_LINK: Final = re.compile(r"https?://[^\s<>\"'`]+")
_AFTER_LINK: Final = ".,;:!?)]}*_~"


def safe_parser() -> MarkdownIt:
    """Return the parser for text of models and people."""
    parser = _parser()
    parser.core.ruler.push("harmless", _make_harmless)
    return parser


def _parser() -> MarkdownIt:
    # Without "linkify": it takes half a minute for 60 KB of "http://a.http://a.…".
    rules = {"html": False, "linkify": False, "maxNesting": 12}
    return MarkdownIt("gfm-like", rules).disable("linkify")


def is_too_large(text: str) -> bool:
    """Say whether a text is better shown as plain text: as widgets it would be too many."""
    widest = max((line.count("|") for line in text.split("\n")), default=0)
    if len(text) > MOST_CHARACTERS or text.count("\n") > MOST_LINES or widest > _MOST_COLUMNS:
        return True
    return len(text) > MOST_IN_PARAGRAPH and _longest_paragraph(text) > MOST_IN_PARAGRAPH


def _longest_paragraph(text: str) -> int:
    """Return how many characters stand without an empty line between them, outside of code."""
    longest = length = 0
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found:
            fence, length = found[1], 0
        else:
            length = length + len(line) if line.strip() else 0
            longest = max(longest, length)
    return longest


def links_in(text: str) -> list[str]:
    """Return the web addresses in a text, each once, in their order; those in code are none."""
    found: dict[str, None] = {}
    for token in _parser().parse(text):
        depth = 0
        for child in token.children or ():
            depth += child.nesting if child.type in ("link_open", "link_close") else 0
            if child.type == "link_open":
                found[str(child.attrs.get("href", ""))] = None
            elif child.type == "text" and not depth:
                found |= dict.fromkeys(
                    bare.rstrip(_AFTER_LINK) for bare in _BARE_LINK.findall(child.content)
                )
    return [href for href in found if href.startswith(("https://", "http://"))]


def code_blocks(text: str) -> list[str]:
    """Return the content of a text's code blocks, in their order."""
    tokens = _parser().parse(text)
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
