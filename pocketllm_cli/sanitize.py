"""Takes terminal control sequences out of text that somebody else wrote.

All text from outside (answers, titles, names, errors of a provider) passes here before a person
sees it. Whatever the size of the chunks, the result is the same.
"""

import re
from typing import Final

_MOST_HELD: Final = 256  # an unterminated sequence never hides more text than this
_SUSPECT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CSI_BODY: Final = re.compile(r"[0-?]*[ -/]*")
_STRING_END: Final = re.compile("\x07|\x1b\\\\|\x9c|\n")
_INTERMEDIATES: Final = re.compile(r"[ -/]*")
_STRING_AFTER_ESCAPE: Final = "P]X^_"
_STRING_C1: Final = "\x90\x98\x9d\x9e\x9f"
_INVISIBLE: Final = re.compile(
    "[\u200b\u2060\ufeff\u061c\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


class Sanitizer:
    """Cleans a text that arrives in pieces.

    Args:
        for_terminal: Also show characters that reorder or hide text, as `<U+202E>`.
    """

    def __init__(self, *, for_terminal: bool) -> None:
        self._for_terminal = for_terminal
        self._held = ""

    def feed(self, chunk: str) -> str:
        """Return what is safe to show so far."""
        return self._run(self._held + chunk, is_last=False)

    def finish(self) -> str:
        """Return what was held back for a sequence that never ended."""
        return self._run(self._held, is_last=True)

    def _run(self, text: str, *, is_last: bool) -> str:
        self._held = ""
        kept: list[str] = []
        position = 0
        while found := _SUSPECT.search(text, position):
            kept.append(text[position : found.start()])
            end = _sequence_end(text, found.start(), is_last=is_last)
            if end is None:
                self._held = text[found.start() :]
                position = len(text)
                break
            position = end
        kept.append(text[position:])
        clean = "".join(kept)
        return _INVISIBLE.sub(_visible, clean) if self._for_terminal else clean


def clean_text(text: str, *, for_terminal: bool = True) -> str:
    """Clean a whole text at once."""
    sanitizer = Sanitizer(for_terminal=for_terminal)
    return sanitizer.feed(text) + sanitizer.finish()


def clean_line(text: str) -> str:
    """Clean a text and fold it into one line, for titles, names and error messages."""
    return " ".join(clean_text(text).split())


def _visible(match: re.Match[str]) -> str:
    return f"<U+{ord(match.group()):04X}>"


def _sequence_end(text: str, start: int, *, is_last: bool) -> int | None:
    """Return where the sequence at `start` ends, or None while that cannot be said."""
    character = text[start]
    if character == "\x9b":
        return _csi_end(text, start + 1, is_last=is_last)
    if character in _STRING_C1:
        return _string_end(text, start + 1, is_last=is_last)
    if character != "\x1b":
        return start + 1
    if start + 1 == len(text):
        return start + 1 if is_last else None
    following = text[start + 1]
    if following == "[":
        return _csi_end(text, start + 2, is_last=is_last)
    if following in _STRING_AFTER_ESCAPE:
        return _string_end(text, start + 2, is_last=is_last)
    return _short_end(text, start + 1, is_last=is_last)


def _csi_end(text: str, body: int, *, is_last: bool) -> int | None:
    match = _CSI_BODY.match(text, body)
    end = match.end() if match else body
    if end - body > _MOST_HELD:
        return body
    if end == len(text):
        return end if is_last else None
    return end + 1 if "@" <= text[end] <= "~" else end


def _string_end(text: str, body: int, *, is_last: bool) -> int | None:
    match = _STRING_END.search(text, body, body + _MOST_HELD)
    if match is None:
        return None if len(text) - body < _MOST_HELD and not is_last else body
    return body if match.group() == "\n" else match.end()


def _short_end(text: str, position: int, *, is_last: bool) -> int | None:
    match = _INTERMEDIATES.match(text, position)
    end = match.end() if match else position
    if end - position > _MOST_HELD:
        return position
    if end == len(text):
        return end if is_last else None
    return end + 1 if "0" <= text[end] <= "~" else end
