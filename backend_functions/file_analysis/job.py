"""The job that analyses a file of a chat: its text is read and summarised by the chat's model.

The summary is the job's output. A question takes it in the document's place where the document
does not fit the model's window (`chat_request/summaries`).
"""

import hashlib
import re
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from backend_functions.chat_request.conversation import load_config
from backend_functions.chat_request.file_kinds import as_attachment
from backend_functions.errors import InvalidRequest
from backend_functions.file_analysis.summarise import Summariser
from backend_functions.jobs.files import read_own_file
from backend_functions.jobs.job import Job, JobTools, JobType, Output
from backend_functions.pdf_text import PdfText
from backend_functions.providers.base import Document, Image

_PATH: Final = re.compile(
    r"private/user_files/[0-9a-f-]{36}/(?P<chat>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/[^/]+"
)


class FileAnalysisInput(BaseModel):
    """A file to analyse: `jobs.input_data` of a job of this type."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    path: Annotated[str, StringConstraints(max_length=1024)]
    """`private/user_files/{user_id}/{chat_id}/{file_name}` in the users' bucket."""


async def _run(job: Job, tools: JobTools) -> Output:
    if job.made is not None:  # made and paid for by an attempt that came no further
        return job.made
    path, chat_id = _read_input(job.input_data)
    config, sealed_key = await load_config(tools.database, job.owner, chat_id)
    provider = tools.providers.open(job.user_id, config, sealed_key)
    data = await read_own_file(job, tools, path, tools.settings.limits.max_attachment_bytes)
    document = _as_document(path.rpartition("/")[2], data)
    found = await _read_text(document, tools)
    window = tools.providers.window_tokens(config["provider"], config["model"])
    summary = await Summariser(provider, config, window).summarise(document.name, found.text)
    output = {
        "path": path,
        "name": document.name,
        "media_type": document.media_type,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "pages": found.pages or None,
        "total_pages": found.total_pages or None,
        "provider": config["provider"],
        "model": config["model"],
        **summary.as_record(),
    }
    await job.keep(output)
    return output


def _read_input(input_data: Any) -> tuple[str, UUID]:
    try:
        path = FileAnalysisInput.model_validate(input_data).path
    except ValidationError as error:
        raise InvalidRequest("The job does not say which file is to be analysed.") from error
    if (match := _PATH.fullmatch(path)) is None:
        raise InvalidRequest("A file to analyse lies in private/user_files/{you}/{chat}/.")
    return path, UUID(match["chat"])


def _as_document(name: str, data: bytes) -> Document:
    attachment = as_attachment(name, data)
    if isinstance(attachment, Image):
        raise InvalidRequest(f"{name} is a picture; documents are analysed: text and PDFs.")
    return attachment


async def _read_text(document: Document, tools: JobTools) -> PdfText:
    if document.media_type == "application/pdf":
        return await tools.pdfs.read(document.name, document.data)
    return PdfText(document.data.decode("utf-8-sig", errors="replace"), 0, 0)


FILE_ANALYSIS = JobType("file_analysis", _run, attempt_seconds=1800.0)
"""Reads a file of a chat and has the chat's model summarise it."""
