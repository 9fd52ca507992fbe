"""Chats written to files and brought in again, through the real backend."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pocketllm_cli.api.whole_chats import in_parts
from pocketllm_cli.imports.files import read_file
from tests.support.browser import running_browser
from tests.support.home import Home

pytestmark = pytest.mark.backend


@pytest.fixture
def exported(home: Home, add_model: Callable[[str], str]) -> str:
    """Make a chat with two versions of its answer, and return its export."""
    assert home.run("ask", "-m", add_model("any"), "hello ✓").code == 0
    assert home.run("ask", "--regenerate", "--chat", "last").code == 0
    done = home.run("chats", "export", "last", "--format", "json")
    assert done.code == 0, done.err
    return done.text


def test_a_chat_comes_back_exactly_as_it_was_exported(
    home: Home, exported: str, tmp_path: Path
) -> None:
    file = tmp_path / "chat.json"
    file.write_text(exported)
    [chat] = json.loads(exported)["chats"]
    assert [message["role"] for message in chat["messages"]] == ["user", "assistant", "assistant"]
    assert home.run("chats", "delete", chat["id"], "--forever", "--yes").code == 0

    tried = home.run("chats", "import", str(file), "--dry-run")
    brought = home.run("chats", "import", str(file))
    again = home.run("chats", "import", str(file), "--json")

    assert "Would import 1 chat with 3 messages." in tried.text
    assert "Imported 1 chat with 3 messages." in brought.text, brought.err
    assert again.json() == {"chats": 0, "messages": 0, "already_there": 1}
    assert home.run("chats", "export", chat["id"], "--format", "json").text == exported


def test_a_chat_of_somebody_else_on_the_same_backend_gets_ids_of_its_own(
    home: Home, exported: str, tmp_path: Path
) -> None:
    document = json.loads(exported)
    # The message is taken, the chat is not: as when somebody else has brought in the same file.
    document["chats"][0]["id"] = "0f0f0f0f-0000-4000-8000-00000000000f"
    file = tmp_path / "chat.json"
    file.write_text(json.dumps(document))

    first = home.run("chats", "import", str(file), "--json")
    second = home.run("chats", "import", str(file), "--json")

    assert first.json() == {"chats": 1, "messages": 3, "already_there": 0}, first.err
    assert second.json() == {"chats": 0, "messages": 0, "already_there": 1}


def test_a_chat_longer_than_one_call_is_brought_in_whole(home: Home, tmp_path: Path) -> None:
    messages = [
        {"uuid": str(n), "sender": ("human", "assistant")[n % 2], "text": f"{n} " * 500}
        for n in range(1_200)
    ]
    when = "2020-01-01T00:00:00Z"
    chat = {"uuid": "long", "name": "A long one", "created_at": when, "updated_at": when}
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([{**chat, "chat_messages": messages}]))

    brought = home.run("chats", "import", str(file), "--json")

    assert brought.json()["messages"] == 1_200, brought.err
    oldest = home.run("chats", "list", "--limit", "1000", "--json").json()[-1]
    assert (oldest["title"], oldest["updated_at"][:10]) == ("A long one", "2020-01-01")
    shown = home.run("chats", "show", oldest["id"], "--json").json()["messages"]
    assert [message["content"].split()[0] for message in shown] == [str(n) for n in range(1_200)]

    # As it is when the import was stopped after its first call; and when somebody deleted the end.
    [record] = read_file(file, None, home.run("whoami", "--json").json()["id"])
    first, *_ = in_parts(record["messages"])
    for kept, added in ((len(first), 1_200 - len(first)), (len(first) + 1, 0)):
        with psycopg.connect(home.status()["database_url"]) as connection:
            connection.execute(
                "delete from public.messages where chat_id = %s and not id::text = any (%s)",
                (oldest["id"], [message["id"] for message in record["messages"][:kept]]),
            )
        again = home.run("chats", "import", str(file), "--json")
        assert again.json() == {"chats": 0, "messages": added, "already_there": 1}
    assert len(home.run("chats", "show", oldest["id"], "--json").json()["messages"]) == kept


def test_all_chats_are_exported_as_one_document(home: Home, exported: str) -> None:
    assert home.run("chats", "new", "An empty one").code == 0

    everything = home.run("chats", "export", "--all", "--format", "json")

    chats = everything.json()["chats"]
    listed = home.run("chats", "list", "--limit", "1000", "--json").json()
    listed += home.run("chats", "list", "--archived", "--limit", "1000", "--json").json()
    assert {chat["id"] for chat in chats} == {chat["id"] for chat in listed}
    assert json.loads(exported)["chats"][0] in chats
    shown = home.run("chats", "show", chats[0]["id"], "--json").json()["messages"]
    assert shown == [] or shown[-1]["id"] == chats[0]["current_message_id"]


def test_many_short_chats_come_and_go_in_few_calls(home: Home, tmp_path: Path) -> None:
    when = "2021-01-01T00:00:00Z"
    chats = [
        {
            "uuid": f"short {number}",
            "name": f"Short {number}",
            "created_at": when,
            "updated_at": when,
            "chat_messages": [
                {"uuid": f"{number} {turn}", "sender": sender, "text": f"heron {number} {turn}"}
                for turn, sender in enumerate(["human", "assistant"] * 3)
            ],
        }
        for number in range(150)
    ]
    some, file = tmp_path / "some.json", tmp_path / "conversations.json"
    some.write_text(json.dumps(chats[70:75]))
    file.write_text(json.dumps(chats))

    assert home.run("chats", "import", str(some), "--json").json()["chats"] == 5
    brought = home.run("chats", "import", str(file), "--json")
    exported = home.run("chats", "export", "--all", "--format", "json").json()["chats"]

    assert brought.json() == {"chats": 145, "messages": 145 * 6, "already_there": 5}
    short = {chat["title"]: chat for chat in exported if chat["title"].startswith("Short ")}
    assert len(short) == 150
    for number in (0, 72, 149):
        said = [message["content"] for message in short[f"Short {number}"]["messages"]]
        assert said == [f"heron {number} {turn}" for turn in range(6)]


def test_a_page_and_a_document_have_what_was_said(
    home: Home, exported: str, tmp_path: Path
) -> None:
    page = home.run("chats", "export", "last", "--format", "html")
    document = home.run("chats", "export", "last")

    assert page.text.startswith("<!doctype html>")
    file = tmp_path / "chat.html"
    file.write_bytes(page.out)
    with running_browser(tmp_path / "profile") as browser:
        visit = browser.visit(file.as_uri())
    assert "hello ✓" in visit.text
    assert (visit.requests, visit.scripts) == ((file.as_uri(),), ())
    assert document.text.startswith("---\ntitle: ")
    assert "\n## You\n\nhello ✓\n" in document.text
