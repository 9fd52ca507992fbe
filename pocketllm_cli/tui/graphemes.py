"""Where a letter begins and ends that people see as one, such as a family emoji or an accent."""

from rich.cells import split_graphemes


def boundary_before(text: str, place: int) -> int:
    """Return where the letter before a place begins; 0 at the beginning."""
    if text.isascii():
        return max(0, place - 1)
    spans, _ = split_graphemes(text)
    return max((start for start, _, _ in spans if start < place), default=0)


def boundary_after(text: str, place: int) -> int:
    """Return where the letter at a place ends; the end of the text at its end."""
    if text.isascii():
        return min(len(text), place + 1)
    spans, _ = split_graphemes(text)
    return min((end for _, end, _ in spans if end > place), default=len(text))
