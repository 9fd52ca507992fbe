"""How headings and code look on a terminal: at the left edge, and code as one can copy it.

Code is laid out in two steps. While the document is laid out each line of it is a short stand-in,
which no narrow column can wrap or cut; afterwards the stand-ins give way to the lines themselves,
without the indentation of what they stand in. A line too long for the terminal is wrapped by the
terminal, which copies it as one.
"""

from typing import Any, ClassVar, Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.segment import Segment
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

_MARK: Final = "code line"
_THEME: Final = "ansi_dark"  # the terminal's own colours, so that it can be read on any ground


class _LeftHeading(Heading):
    """A heading; all of them begin at the left edge."""

    LEVEL_ALIGN: ClassVar[dict[str, Any]] = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Code(CodeBlock):
    """A block of code."""

    @classmethod
    def create(cls, markdown: Markdown, token: Any) -> "_Code":
        """Make it for a token of a document."""
        language = (token.info or "").partition(" ")[0]
        element = cls(language or "text", _THEME)
        assert isinstance(markdown, Document)
        element.document = markdown
        return element

    document: "Document"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.document.blocks_laid_out += 1
        code = str(self.text).rstrip("\n")
        syntax = Syntax("", self.lexer_name, theme=_THEME, background_color="default")
        for line in _lines_of(syntax.highlight(code), code):
            number = len(self.document.code_lines)
            self.document.code_lines.append(line)
            shown = line.copy()
            shown.expand_tabs(4)
            shown.truncate(options.max_width)
            shown.append("" if shown.plain else " ")
            shown.stylize(Style.from_meta({_MARK: number}))
            yield from shown.render(console)
            yield Segment.line()


class Document(Markdown):
    """Markdown with our headings and code."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
        "fence": _Code,
        "code_block": _Code,
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.code_lines: list[Text] = []
        self.blocks_laid_out = 0

    @property
    def is_laid_out(self) -> bool:
        """Whether no block of code was left out, as happens where nothing has room."""
        kinds = [token.type for token in self.parsed]
        return self.blocks_laid_out == kinds.count("fence") + kinds.count("code_block")


def with_whole_code(
    lines: list[list[Segment]], document: Document, console: Console
) -> list[list[Segment]] | None:
    """Return rendered lines in which the lines of code are whole again.

    None if a line of code has no stand-in, on a terminal too narrow for what it stands in.
    """
    found: set[int] = set()
    whole = []
    for line in lines:
        at, number = _stand_in(line)
        if number is None:
            whole.append(line)
            continue
        found.add(number)
        is_indented_only = not any(part.text.strip() for part in line[:at])
        before = [] if is_indented_only else line[:at]  # indentation would be copied too
        whole.append([*before, *document.code_lines[number].render(console, end="")])
    is_whole = document.is_laid_out and len(found) == len(document.code_lines)
    return whole if is_whole else None


def without_padding(line: list[Segment]) -> list[Segment]:
    """Return a line without the blanks that only fill it up."""
    kept = list(line)
    while kept and not (kept[-1].style and kept[-1].style.bgcolor):
        text, style, control = kept.pop()
        if text := text.rstrip(" "):
            return [*kept, Segment(text, style, control)]
    return kept


def _stand_in(line: list[Segment]) -> tuple[int, int | None]:
    for at, segment in enumerate(line):
        if segment.style and _MARK in segment.style.meta:
            return at, segment.style.meta[_MARK]
    return 0, None


def _lines_of(highlighted: Text, code: str) -> list[Text]:
    lines = list(highlighted.split("\n", allow_blank=True))
    return lines[: code.count("\n") + 1]
