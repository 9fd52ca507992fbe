"""The text of PDFs is read where a file that is made to harm harms nobody."""

import pytest

from backend_functions.chat_request.readable import ReadableFiles
from backend_functions.errors import InvalidRequest
from backend_functions.pdf_child import MOST_PAGES
from backend_functions.pdf_text import PdfReader
from backend_functions.providers.base import Document
from backend_functions.providers.registry import PROVIDERS
from tests.support.pdfs import endless, locked, pdf_of

WITHOUT_DOCUMENTS = next(row for row in PROVIDERS.values() if "documents" not in row.capabilities)
WITH_DOCUMENTS = next(row for row in PROVIDERS.values() if "documents" in row.capabilities)


@pytest.fixture
def pdfs() -> PdfReader:
    return PdfReader()


async def test_the_text_of_a_pdf_goes_to_a_provider_that_takes_none(pdfs: PdfReader) -> None:
    report = Document("application/pdf", pdf_of("swordfish", "second"), "report.pdf")

    readable = ReadableFiles(WITHOUT_DOCUMENTS, pdfs)
    [made] = await readable.all([report])
    [whole] = await ReadableFiles(WITH_DOCUMENTS, pdfs).all([report])

    assert (made.media_type, made.name) == ("text/plain", "report.pdf")
    assert made.data == b"swordfish\n\nsecond"
    assert readable.texts == [{"name": "report.pdf", "pages": 2, "total_pages": 2}]
    assert whole == report


async def test_of_a_long_pdf_the_first_pages_go_and_the_model_is_told(pdfs: PdfReader) -> None:
    pages = [f"page {number}" for number in range(MOST_PAGES + 3)]
    report = Document("application/pdf", pdf_of(*pages), "long.pdf")

    readable = ReadableFiles(WITHOUT_DOCUMENTS, pdfs)
    [made] = await readable.all([report])

    assert f"page {MOST_PAGES - 1}".encode() in made.data
    assert f"page {MOST_PAGES}".encode() not in made.data
    assert made.data.endswith(b"(This is the text of 200 of 203 pages.)")
    assert readable.texts[0]["total_pages"] == MOST_PAGES + 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf_of(""), "holds no text"),
        (locked(pdf_of("secret")), "locked by a password"),
        (b"%PDF-1.7 and no more", "cannot be read"),
        (endless(), "cannot be read|holds no text"),
    ],
    ids=["scan", "locked", "broken", "endless"],
)
async def test_a_pdf_without_text_is_refused_in_words_and_later_only_named(
    pdfs: PdfReader, data: bytes, reason: str
) -> None:
    readable = ReadableFiles(WITHOUT_DOCUMENTS, pdfs)
    attachment = Document("application/pdf", data, "a.pdf")

    with pytest.raises(InvalidRequest, match=reason):
        await readable.all([attachment])
    assert await readable.earlier(attachment) is None
