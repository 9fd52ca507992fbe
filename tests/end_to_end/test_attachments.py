"""Files that go with a question, from the command line to the model and back into the next one."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pocketllm_cli.drawn import drawn, opened
from tests.support.home import Home
from tests.support.pdfs import pdf_of
from tests.support.upstream import Upstream

pytestmark = pytest.mark.backend

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "dot ✓.png").write_bytes(PNG)
    (tmp_path / "notes.md").write_text("the secret word is swordfish")
    return [str(tmp_path / "dot ✓.png"), str(tmp_path / "notes.md")]


def parts_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    assert isinstance(content, list)
    return content


def test_a_picture_and_a_text_reach_the_model_and_go_along_with_the_next_question(
    home: Home, add_model: Callable[[str], str], provider: Upstream, files: list[str]
) -> None:
    first = home.run("ask", "-m", add_model("any"), "-a", files[0], "-a", files[1], "What is it?")
    asked = parts_of(provider.requests[-1]["messages"][-1])
    second = home.run("ask", "-c", "And now?")
    history = provider.requests[-1]["messages"]

    assert first.code == 0, first.err
    picture = "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert {"type": "image_url", "image_url": {"url": picture}} in asked
    assert "swordfish" in str(asked)
    assert second.code == 0, second.err
    assert parts_of(history[0]) == asked
    assert history[-1]["content"] == "And now?"
    shown = home.run("chats", "show", "last", "--json").json()
    kept = shown["messages"][0]["metadata"]["attachments"]
    assert [(file["name"], file["media_type"], file["size"]) for file in kept] == [
        ("dot _.png", "image/png", len(PNG)),
        ("notes.md", "text/plain", 28),
    ]
    assert kept[0]["path"].endswith(f"/{shown['id']}/dot _.png")


def test_a_file_that_no_model_takes_is_refused_before_anything_is_kept(
    home: Home, add_model: Callable[[str], str], provider: Upstream, tmp_path: Path
) -> None:
    model = add_model("any")
    binary = tmp_path / "thing.txt"
    binary.write_bytes(b"\x00\x01\x02")
    asked, chats = len(provider.requests), home.run("chats", "list", "--json").text

    refused = home.run("ask", "-m", model, "-a", str(binary), "What is it?")
    missing = home.run("ask", "-a", str(tmp_path / "none.txt"), "What is it?")

    assert refused.code == 2
    assert "thing.txt is neither a picture" in refused.err
    assert missing.code == 2
    assert "There is no file" in missing.err
    assert len(provider.requests) == asked
    assert home.run("chats", "list", "--json").text == chats


def test_the_local_model_says_that_it_takes_no_pictures(home: Home, files: list[str]) -> None:
    refused = home.run("ask", "-m", "local", "-a", files[0], "What is it?")

    assert refused.code == 2
    assert "takes no pictures" in refused.err


def test_a_photo_from_a_pipe_is_scaled_and_named_by_what_it_is(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    photo = drawn("JPEG", (4096, 512))

    asked = home.run("ask", "-m", add_model("any"), "-a", "-", "What is it?", stdin=photo)
    shown = home.run("chats", "show", "last", "--json").json()

    assert asked.code == 0, asked.err
    [kept] = shown["messages"][0]["metadata"]["attachments"]
    assert (kept["name"], kept["media_type"]) == ("stdin.jpg", "image/jpeg")
    [part] = [
        each for each in parts_of(provider.requests[-1]["messages"][-1]) if "image_url" in each
    ]
    sent = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    assert opened(sent).size == (2048, 256)


def test_a_model_that_takes_no_pdf_is_given_its_text(
    home: Home,
    add_model: Callable[[str], str],
    addresses: dict[str, str],
    provider: Upstream,
    tmp_path: Path,
) -> None:
    add_model("any")
    command = ("models", "add", "reader", "--provider", "vllm", "--model", "any")
    added = home.run(*command, "--base-url", addresses["any"])
    assert added.code == 0, added.err
    (tmp_path / "report.pdf").write_bytes(pdf_of("the secret word is swordfish"))

    asked = home.run("ask", "-m", "reader", "-a", str(tmp_path / "report.pdf"), "Word?")
    [question, answer] = home.run("chats", "show", "last", "--json").json()["messages"]

    assert asked.code == 0, asked.err
    assert "swordfish" in str(provider.requests[-1]["messages"][-1])
    assert question["metadata"]["attachments"][0]["media_type"] == "application/pdf"
    assert answer["metadata"]["documents_as_text"] == [
        {"name": "report.pdf", "pages": 1, "total_pages": 1}
    ]


def test_a_document_of_a_chat_is_summarised_by_its_model_when_somebody_asks(
    home: Home, add_model: Callable[[str], str], files: list[str]
) -> None:
    asked = home.run("ask", "-m", add_model("any"), "-a", files[1], "What is it?")
    told = home.run("files", "analyze", "last/notes.md")
    record = home.run("files", "analyze", "last/notes.md", "--json").json()
    begun = home.run("files", "analyze", "last/notes.md", "--no-wait")
    waited = home.run("jobs", "wait", begun.text.strip(), "--json")
    [shown, listed] = [home.run("jobs", "show", begun.text.strip()), home.run("jobs", "list")]
    picture = home.run("files", "upload", files[0], "--chat", "last", "--json").json()[0]["path"]
    refused = home.run("files", "analyze", picture)

    assert asked.code == 0, asked.err
    assert told.code == 0, told.err
    assert told.text.startswith("word0 word1")
    assert told.out.endswith(b"\n")
    assert record["output_data"]["summary"] == told.text.rstrip("\n")
    assert record["output_data"]["characters"] == len("the secret word is swordfish")
    assert waited.code == 0, waited.err
    assert shown.text.endswith(f"\n\n{told.text}")
    assert record["input_data"]["path"] in shown.text
    assert "notes.md" in listed.text
    assert refused.code == 7
    assert "documents are analysed" in refused.err
