"""Blocks of Markdown as rows: what is parsed here is painted line by line, without widgets."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from textual.content import Content, Span
from textual.highlight import (
    ANSIDarkHighlightTheme,
    ANSILightHighlightTheme,
    HighlightTheme,
    highlight,
)

from pocketllm_cli.tui.rows import GAP, Row, filled, folded, indented, wrapped
from pocketllm_cli.tui.table_rows import table_rows

_BULLETS: Final = ("• ", "▪ ", "‣ ", "⭑ ", "◦ ")
_LEAST_WIDTH: Final = 8
_PIECE_LINES: Final = 40
_ODD_BLANK: Final = re.compile(r"[^\S ]")
CodeTheme = Literal["ours", "ansi-dark", "ansi-light"]
_THEMES: Final[dict[CodeTheme, type[HighlightTheme]]] = {
    "ours": HighlightTheme,
    "ansi-dark": ANSIDarkHighlightTheme,
    "ansi-light": ANSILightHighlightTheme,
}
_STYLED: Final = {"em": ".em", "strong": ".strong", "s": ".s"}


@dataclass(frozen=True, slots=True)
class Paper:
    """What blocks are laid out on.

    Args:
        width: In cells, >= 1.
        is_open: More of the block may come: what takes long is left for later.
    """

    width: int
    theme: CodeTheme = "ours"
    is_open: bool = False
    depth: int = 0

    def narrowed(self, cells: int, *, deeper: bool = False) -> "Paper":
        """Return what is left to the right of so many cells."""
        width = max(_LEAST_WIDTH, self.width - cells)
        return Paper(width, self.theme, self.is_open, self.depth + deeper)


def theme_of_code(*, is_ansi: bool, is_dark: bool) -> CodeTheme:
    """Return how code is coloured where the terminal's own colours are used, or ours."""
    if not is_ansi:
        return "ours"
    return "ansi-dark" if is_dark else "ansi-light"


def block_rows(node: SyntaxTreeNode, paper: Paper) -> list[Row]:
    """Return the rows of one block, without the empty line behind it."""
    match node.type:
        case "heading":
            return wrapped(_words(node).stylize_before(f".{node.tag}"), paper.width)
        case "hr":
            return [Row(Content.styled("─" * paper.width, ".rule"))]
        case "blockquote":
            return _quote_rows(node, paper)
        case "bullet_list" | "ordered_list":
            return _list_rows(node, paper)
        case "table":
            return table_rows(_table_cells(node), paper.width)
        case "fence" | "code_block":
            return _code_rows(node, paper)
        case _:
            return wrapped(_words(node), paper.width)


def item_rows(item: SyntaxTreeNode, mark: str, paper: Paper) -> list[Row]:
    """Return the rows of a list's item behind its mark: a bullet or a number."""
    first, rest = Content.styled(mark, ".bullet"), Content(" " * len(mark))
    rows = _stacked(item.children, paper.narrowed(len(mark), deeper=True)) or [Row(Content())]
    return indented(rows, first, rest)


def mark_of(number: int | None, depth: int) -> str:
    """Return what stands before an item: its number, or else a bullet for the depth."""
    return _BULLETS[depth % len(_BULLETS)] if number is None else f"{number}. ".rjust(4)


def first_number(node: SyntaxTreeNode) -> int | None:
    """Return the number of a list's first item; None where they are not numbered."""
    return int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None


def _stacked(nodes: Sequence[SyntaxTreeNode], paper: Paper) -> list[Row]:
    """Put blocks below each other, with a gap wherever they are more than lines of a list."""
    rows: list[Row] = []
    for place, node in enumerate(nodes):
        is_close = node.type in ("bullet_list", "ordered_list") or _is_tight(node)
        if place and not (is_close and _is_text(nodes[place - 1])):
            rows.append(GAP)
        rows += block_rows(node, paper)
    return rows


def _is_text(node: SyntaxTreeNode) -> bool:
    return node.type in ("paragraph", "heading", "bullet_list", "ordered_list")


def _is_tight(node: SyntaxTreeNode) -> bool:
    return node.type == "paragraph" and bool(node.hidden)


def _list_rows(node: SyntaxTreeNode, paper: Paper) -> list[Row]:
    rows: list[Row] = []
    first = first_number(node)
    for place, item in enumerate(node.children):
        number = None if first is None else first + place
        rows += item_rows(item, mark_of(number, paper.depth), paper)
    return rows


def _quote_rows(node: SyntaxTreeNode, paper: Paper) -> list[Row]:
    bar = Content.styled("▌ ", ".quote_bar")
    rows = _stacked(node.children, paper.narrowed(2)) or [Row(Content())]
    return filled(indented(rows, bar, bar), paper.width, ".quote")


def _code_rows(node: SyntaxTreeNode, paper: Paper) -> list[Row]:
    lines = node.content.rstrip().split("\n")
    language = node.info or "text"
    pieces = [lines]
    if paper.is_open:  # coloured piece by piece, so that only the last one is coloured again
        pieces = [lines[at : at + _PIECE_LINES] for at in range(0, len(lines), _PIECE_LINES)]
    rows: list[Row] = []
    for piece in pieces:
        rows += _painted_code("\n".join(piece), language, paper.theme, paper.width)
    return rows


@lru_cache(maxsize=64)
def _painted_code(code: str, language: str, theme: CodeTheme, width: int) -> tuple[Row, ...]:
    painted = highlight(code, language=language, theme=_THEMES[theme]).expand_tabs(4)
    blank = Content(" ")
    rows: list[Row] = []
    for line in painted.split("\n", allow_blank=True):
        rows += indented(folded(line, max(1, width - 2)), blank, blank)
    return tuple(filled(rows, width, ".code"))


def _table_cells(node: SyntaxTreeNode) -> list[list[Content]]:
    """Return the cells, row by row; the first row is the head."""
    return [
        [_words(cell) for cell in row.children] for part in node.children for row in part.children
    ]


def _words(node: SyntaxTreeNode) -> Content:
    """Return the text of a block that holds nothing but text."""
    tokens: Iterable[Token] = (
        child
        for inline in node.children
        if inline.type == "inline" and inline.token is not None
        for child in inline.token.children or ()
    )
    return _inline(tokens)


def _inline(tokens: Iterable[Token]) -> Content:
    parts: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[str, int]] = []
    position = 0
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.nesting == 1:
            opened.append((_STYLED.get(name, ""), position))
        elif token.nesting == -1 and opened:
            style, start = opened.pop()
            spans.append(Span(start, position, style))
        else:
            text = _text_of(token)
            if token.type == "code_inline":
                spans.append(Span(position, position + len(text), ".code_inline"))
            parts.append(text)
            position += len(text)
    return Content(
        "".join(parts), [span for span in spans if span.style], strip_control_codes=False
    )


def _text_of(token: Token) -> str:
    match token.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case _:
            return _ODD_BLANK.sub(" ", token.content)
