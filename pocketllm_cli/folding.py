"""Text as it is compared where somebody looks for it: without case and accents."""

from unicodedata import combining, normalize


def folded(text: str) -> str:
    """Return a text for comparing with others that were folded, not for showing."""
    if text.isascii():
        return text.casefold()
    return "".join(each for each in normalize("NFKD", text) if not combining(each)).casefold()
