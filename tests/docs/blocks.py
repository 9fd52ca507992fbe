"""The commands of the docs: every fenced block of a shell, in the order of its page.

A block that cannot be run by the tests says why in a comment before it:

    <!-- not run: a real provider's key is needed -->
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES_STAND_ALONE = {"docs/admin.md", "docs/commands.md"}
"""Pages on which every line is an example of its own, not the next step, and may come twice."""
_WHOLE_LINE = re.compile(r"(?:.+\\\n)*.+\n")
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+?) -->\n+)?"
    r"^(?P<fence>```+)(?P<language>sh|bash|console)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands that stand together."""

    page: str
    """Its path below the repository."""
    line: int
    text: str
    reason: str | None
    """Why it is not run; None when it is."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def shell_pages() -> list[Path]:
    """Every page that may have commands: the README, and whatever lies below `docs/`."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page: Path, *, whole: bool = False) -> list[Block]:
    """Read a page's blocks. In `console` ones the lines that begin with `$ ` are the commands.

    Args:
        whole: Also leave those together whose lines are examples of their own.
    """
    text, name = page.read_text("utf-8"), page.relative_to(ROOT).as_posix()
    blocks = [
        Block(
            page=name,
            line=text.count("\n", 0, found.start("fence")) + 1,
            text=_commands(found["language"], found["text"]),
            reason=found["reason"],
        )
        for found in _BLOCK.finditer(text)
    ]
    if whole or name not in EXAMPLES_STAND_ALONE:
        return blocks
    examples = [
        replace(block, line=block.line + number, text=line)
        for block in blocks
        for number, line in enumerate(_WHOLE_LINE.findall(block.text), start=1)
    ]
    return list({(each.text, each.reason): each for each in examples}.values())


def _commands(language: str, text: str) -> str:
    if language != "console":
        return text
    typed = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    return "\n".join(typed) + "\n"
