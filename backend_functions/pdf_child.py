"""A process of its own that reads the text of one PDF: from stdin, as JSON to stdout.

A PDF may be made to loop, or to grow without end. So it is read where that harms nobody: bounded by
the system in memory and time, with an empty environment. It imports nothing of ours.
"""

import io
import json
import logging
import sys
import warnings
from typing import Any, Final

MOST_PAGES: Final = 200
MOST_CHARACTERS: Final = 400_000
MOST_BYTES_OF_MEMORY: Final = 768 * 1024 * 1024
MOST_SECONDS: Final = 20
"""Of computing."""


def main() -> None:
    """Print `{text, pages, total_pages}`, or `{problem}` with `locked` or `broken`."""
    _bound()
    data = sys.stdin.buffer.read()
    logging.disable(logging.CRITICAL)  # what it says about broken files is of no use
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(_read(data)))


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows; whoever started us ends us in time there too
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES_OF_MEMORY, MOST_BYTES_OF_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(data: bytes) -> dict[str, Any]:
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"problem": "locked"}
        return _pages(reader)
    except FileNotDecryptedError:
        return {"problem": "locked"}
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError):
        # The library lets through what it stumbled over in a file that is not well formed.
        return {"problem": "broken"}
    except (RecursionError, MemoryError, OverflowError, AssertionError, NotImplementedError):
        return {"problem": "broken"}


def _pages(reader: Any) -> dict[str, Any]:
    total, room, texts = len(reader.pages), MOST_CHARACTERS, []
    for number in range(min(total, MOST_PAGES)):
        text = reader.pages[number].extract_text()[:room]
        texts.append(text)
        room -= len(text)
        if room <= 0:
            break
    return {"text": "\n\n".join(texts), "pages": len(texts), "total_pages": total}


if __name__ == "__main__":
    main()
