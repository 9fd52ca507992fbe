"""A document of a chat is read under its owner's rights and summarised by the chat's model."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backend_functions.providers.windows import window_of
from tests.backend_functions.worker.conftest import Asker, Row, Working
from tests.support.pdfs import pdf_of
from tests.support.picture_files import png_of
from tests.support.plain import NO_TLS
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

SUMMARY = "word0 word1 word2"
"""What the model says, whatever it is asked."""


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream().running() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of somebody's, and its files."""

    asker: Asker
    id: str

    def path(self, name: str, owner: str = "") -> str:
        return f"private/user_files/{owner or self.asker.person.id}/{self.id}/{name}"

    def attach(self, name: str, data: bytes, kind: str = "text/plain") -> str:
        path = self.path(name)
        stored = self.asker.person.put_object(f"user_assets/{path}", data, kind, x_upsert="true")
        assert stored.is_success, stored.text
        return path

    def analyse(self, **input_data: Any) -> str:
        job_id = str(uuid4())
        job = {"id": job_id, "job_type": "file_analysis", "input_data": input_data}
        made = self.asker.rest("POST", "jobs", json=job)
        assert made.status_code == 201, made.text
        return job_id

    async def ask(self, prompt: str, *paths: str) -> Row:
        async with httpx.AsyncClient(timeout=30, verify=NO_TLS) as http:
            answer = await http.post(
                f"{self.asker.gateway.url}/functions/v1/chat-request",
                json={"chatId": self.id, "prompt": prompt, "attachments": list(paths)},
                headers={"authorization": f"Bearer {self.asker.person.token}"},
            )
        row: Row = answer.raise_for_status().json()
        return row


def chat_of(asker: Asker, upstream: Upstream, model: str = "any") -> Chat:
    config = {"id": str(uuid4()), "name": uuid4().hex, "provider": "openai-compatible"}
    config |= {"base_url": upstream.base_url, "model": model}
    chat = {"id": str(uuid4()), "title": "t", "model_config_id": config["id"]}
    assert asker.rest("POST", "model_configs", json=config).status_code == 201
    assert asker.rest("POST", "chats", json=chat).status_code == 201
    return Chat(asker, chat["id"])


async def test_the_text_of_a_pdf_is_summarised_by_the_chats_model(
    alice: Asker, upstream: Upstream, working: Working
) -> None:
    chat = chat_of(alice, upstream)
    path = chat.attach("report.pdf", pdf_of("The word is swordfish"), "application/pdf")

    async with working():
        job = await alice.ended(chat.analyse(path=path))

    output = job["output_data"]
    assert job["status"] == "completed", job
    assert (output["path"], output["name"], output["summary"]) == (path, "report.pdf", SUMMARY)
    assert (output["pages"], output["total_pages"]) == (1, 1)
    assert output["read_characters"] == output["characters"] == len("The word is swordfish")
    assert (output["model"], output["input_tokens"], output["output_tokens"]) == ("any", 11, 5)
    [asked] = upstream.requests
    assert "report.pdf:\n\nThe word is swordfish" in asked["messages"][0]["content"]


async def test_a_document_that_does_not_fit_is_told_by_its_summary_until_it_changes(
    alice: Asker, upstream: Upstream, working: Working
) -> None:
    line = "Nobody will read all of this.\n"
    tokens = window_of("openai-compatible", "any")
    text = (line * (4 * tokens // len(line))).encode()
    chat = chat_of(alice, upstream)
    path, note = chat.attach("long.txt", text), chat.attach("note.txt", b"Read me.")

    async with working():
        job = await alice.ended(chat.analyse(path=path))
    asked = len(upstream.requests)
    first = await chat.ask("What is it about?", path, note)
    second = await chat.ask("And now?")
    chat.attach("long.txt", text + b"One line more.")
    third = await chat.ask("And this?", path)

    assert job["output_data"]["read_characters"] == len(text)
    assert asked == 3, "two parts, and one question that makes a whole of them"
    told, again, whole = (
        "\n".join(turn["content"] for turn in request["messages"])
        for request in upstream.requests[asked:]
    )
    assert "long.txt:\n\n(This is a summary; the document itself is too long" in told
    assert SUMMARY in told
    assert "note.txt:\n\nRead me." in told
    assert "What is it about?" in again
    assert line not in told + again
    assert whole.count(line) > 1000
    names = [row["metadata"].get("documents_summarised") for row in (first, second, third)]
    assert names == [["long.txt"], ["long.txt"], None]


async def test_a_busy_model_is_asked_again_later(
    alice: Asker, upstream: Upstream, working: Working
) -> None:
    chat = chat_of(alice, upstream, "busy-once")
    path = chat.attach("a.txt", b"text")

    async with working():
        job = await alice.ended(chat.analyse(path=path))

    assert (job["status"], job["attempt"]) == ("completed", 2)


async def test_nobody_has_a_file_analysed_that_they_may_not_read(
    alice: Asker, bob: Asker, upstream: Upstream, working: Working
) -> None:
    hers, his = chat_of(alice, upstream), chat_of(bob, upstream)
    secret = hers.attach("secret.txt", b"swordfish")
    planted = f"private/user_files/{alice.person.id}/{his.id}/a.txt"
    alice.person.put_object(f"user_assets/{planted}", b"swordfish")

    async with working():
        jobs = [await bob.ended(his.analyse(path=path)) for path in (secret, planted)]

    assert [job["status"] for job in jobs] == ["failed", "failed"]
    assert [job["error_log"] for job in jobs] == [
        "There is no such chat.",
        "There is no such file.",
    ]
    assert upstream.requests == []


async def test_what_cannot_be_analysed_fails_in_words(
    alice: Asker, upstream: Upstream, working: Working
) -> None:
    chat = chat_of(alice, upstream)
    wrong: dict[str, dict[str, Any]] = {
        "is a picture": {"path": chat.attach("a.png", png_of("a"), "image/png")},
        "holds no text": {"path": chat.attach("scan.pdf", pdf_of(""), "application/pdf")},
        "no such file": {"path": chat.path("gone.txt")},
        "lies in private": {"path": "public/avatars/a.png"},
        "does not say which": {"path": chat.path("a.txt"), "user_id": "x"},
    }

    async with working():
        jobs = {words: await alice.ended(chat.analyse(**data)) for words, data in wrong.items()}

    for words, job in jobs.items():
        assert job["status"] == "failed"
        assert words in job["error_log"]
