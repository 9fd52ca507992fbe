"""The line of a search's snippet that shows best why it was found."""

import re
from dataclasses import dataclass
from typing import Final

from pocketllm_cli.sanitize import clean_text

_HIT: Final = re.compile("\x02([^\x02\x03]*)\x03")


@dataclass(frozen=True, slots=True)
class FoundLine:
    """One line; each hit is where it begins and where it ends, in characters."""

    text: str
    hits: tuple[tuple[int, int], ...]

    def marked(self, begin: str, end: str) -> str:
        """Return the text with marks around each hit."""
        pieces, at = [], 0
        for start, stop in self.hits:
            pieces += [self.text[at:start], begin, self.text[start:stop], end]
            at = stop
        return "".join([*pieces, self.text[at:]])


def found_line(snippet: str) -> FoundLine:
    """Return the line with the most hits, the first of several; blanks are folded.

    Args:
        snippet: As the backend gives it: a match stands between U+0002 and U+0003.
    """
    lines = [_line(part) for part in snippet.split("\n")]
    return max(lines, key=lambda line: len(line.hits))


def _line(marked: str) -> FoundLine:
    text, hits = "", []
    for place, piece in enumerate(_HIT.split(marked)):
        piece = re.sub(r"\s+", " ", clean_text(piece))
        if not text or text.endswith(" "):
            piece = piece.removeprefix(" ")
        if place % 2 and piece:
            hits.append((len(text), len(text) + len(piece)))
        text += piece
    return FoundLine(text.rstrip(), tuple(hits))
