"""What a provider cannot read, made readable: the text of a PDF in the place of the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend_functions.errors import InvalidRequest
from backend_functions.pdf_text import PdfReader, PdfText
from backend_functions.providers.base import Attachment, Document
from backend_functions.providers.registry import Provider, can_read

_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class ReadableFiles:
    """The files of one question as one provider takes them, and what was made of them."""

    provider: Provider
    pdfs: PdfReader
    texts: list[dict[str, Any]] = field(default_factory=list)
    """Of each PDF that went as text: `name`, `pages` that were read, `total_pages`."""
    summarised: list[str] = field(default_factory=list)
    """Names of documents in whose place their summaries went."""

    async def all(self, attachments: Sequence[Attachment]) -> list[Attachment]:
        """Return files as the provider takes them; what it cannot take is as it was.

        Raises:
            InvalidRequest: A PDF that has to go as text holds none that could be read.
        """
        return [await self._made_readable(attachment) for attachment in attachments]

    async def earlier(self, attachment: Attachment) -> Attachment | None:
        """Return a file of an earlier question, or None where the provider cannot have it."""
        try:
            made = await self._made_readable(attachment)
        except InvalidRequest:
            return None
        return made if can_read(self.provider, made) else None

    async def _made_readable(self, attachment: Attachment) -> Attachment:
        if attachment.media_type != _PDF or can_read(self.provider, attachment):
            return attachment
        found = await self.pdfs.read(attachment.name, attachment.data)
        record = {"pages": found.pages, "total_pages": found.total_pages}
        self.texts.append({"name": attachment.name, **record})
        assert isinstance(attachment, Document), "it is a PDF"
        text = _as_told(found).encode(errors="replace")
        return Document("text/plain", text, attachment.name, attachment.path, attachment)


def _as_told(found: PdfText) -> str:
    if found.pages == found.total_pages:
        return found.text
    return f"{found.text}\n\n(This is the text of {found.pages} of {found.total_pages} pages.)"
