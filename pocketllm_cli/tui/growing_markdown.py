"""A text of Markdown that grows at its end: only the block that is being written is parsed again.

Pure: it is given text and a width, and says which rows are to be painted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from textual.content import Content

from pocketllm_cli.tui.markdown_rows import Paper, block_rows, first_number, item_rows, mark_of
from pocketllm_cli.tui.rows import GAP, Row, wrapped
from pocketllm_cli.tui.safe_markdown import safe_parser

_MOST_OPEN: Final = 8_000
"""The end of a block of more characters is shown as it is written, and rendered when complete."""
_FENCES: Final = ("```", "~~~")
"""However long code is, it is coloured piece by piece."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What is laid out at once: a block of the text, or an item of a list at its left edge."""

    draw: Callable[[Paper], list[Row]]
    line: int = 0
    """Where it begins in the source that it was parsed from."""
    number: int | None = None
    """The number of an item."""
    has_gap: bool = True

    def rows(self, paper: Paper) -> list[Row]:
        rows = self.draw(paper)
        return [*rows, GAP] if self.has_gap else rows


@dataclass(slots=True)
class GrowingMarkdown:
    """Keeps the rows of complete blocks, and the source of the block that may go on."""

    is_plain: bool = False
    """Whether it is shown as it was written."""
    is_finished: bool = True
    """Whether nothing more comes: then its last block, too, is shown at its best."""
    _source: str = ""
    _is_parsed: bool = True
    _number: int | None = None
    """The number that the first item of the source has, if it goes on with a list."""
    _complete: list[_Block] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)
    _drawn: int = 0
    """How many of the complete blocks have rows."""
    _open: _Block | None = None
    _open_rows: list[Row] | None = None
    _paper: Paper | None = None

    def append(self, text: str) -> None:
        """Add text at the end."""
        self._source += text
        self._is_parsed = False

    def finish(self, *, is_finished: bool) -> None:
        """Note whether more comes."""
        if is_finished != self.is_finished:
            self.is_finished, self._is_parsed = is_finished, False

    def rows(self, paper: Paper) -> list[Row]:
        """Return what is to be painted; rows that did not change are the same objects."""
        if not self._is_parsed:
            self._parse()
        if paper != self._paper:
            self._paper, self._drawn, self._open_rows = paper, 0, None
            self._rows.clear()
        for block in self._complete[self._drawn :]:
            self._rows += block.rows(paper)
        self._drawn = len(self._complete)
        if self._open_rows is None:
            paper = replace(paper, is_open=not self.is_finished)
            self._open_rows = self._open.rows(paper) if self._open else []
        return self._rows + self._open_rows

    def _parse(self) -> None:
        """Set aside what is complete, which is all but the last block."""
        self._is_parsed, self._open_rows = True, None
        lines = self._source.split("\n")
        blocks = list(self._blocks(lines))
        if not blocks:
            return
        *complete, last = blocks
        self._complete += complete
        self._source = "\n".join(lines[last.line :])
        self._number = last.number
        self._open = replace(last, line=0)

    def _blocks(self, lines: list[str]) -> Iterator[_Block]:
        if self.is_plain:
            for number, line in enumerate(lines):
                yield _Block(partial(_plain_rows, line), number, has_gap=False)
            return
        blocks = list(self._parsed_blocks())
        if blocks and not self.is_finished:
            rest = "\n".join(lines[blocks[-1].line :])
            if len(rest) > _MOST_OPEN and not rest.startswith(_FENCES):
                blocks[-1] = replace(blocks[-1], draw=partial(_plain_rows, rest))
        yield from blocks

    def _parsed_blocks(self) -> Iterator[_Block]:
        root = SyntaxTreeNode(_parser().parse(self._source))
        for place, node in enumerate(root.children):
            if node.type in ("bullet_list", "ordered_list"):
                first = first_number(node)
                if place == 0 and first is not None and self._number is not None:
                    first = self._number
                yield from _items(node, first)
            else:
                yield _Block(partial(block_rows, node), _line_of(node))


def _items(node: SyntaxTreeNode, first: int | None) -> Iterator[_Block]:
    """Yield the items of a list, so that a long list needs no more time than a short one."""
    for place, item in enumerate(node.children):
        number = None if first is None else first + place
        draw = partial(item_rows, item, mark_of(number, 0))
        yield _Block(draw, _line_of(item), number, has_gap=item is node.children[-1])


def _line_of(node: SyntaxTreeNode) -> int:
    return node.map[0] if node.map else 0


def _plain_rows(text: str, paper: Paper) -> list[Row]:
    return wrapped(Content(text, strip_control_codes=False).expand_tabs(4), paper.width)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return safe_parser()
