"""Files of other programs, as they write them."""

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.imports.files import read_file

ME = "00000000-0000-4000-8000-000000000001"
SOMEBODY = "00000000-0000-4000-8000-000000000002"


def node(
    key: str, parent: str | None, role: str | None, *parts: Any, **about: Any
) -> dict[str, Any]:
    message = role and {
        "author": {"role": role},
        "create_time": 1_700_000_000.5,
        "content": {"content_type": "text", "parts": list(parts)},
        "metadata": about,
    }
    return {"id": key, "parent": parent, "children": [], "message": message}


CHATGPT = [
    {
        "title": "Trip to\nOslo",
        "create_time": 1_700_000_000,
        "update_time": 1_700_000_100,
        "conversation_id": "c-1",
        "current_node": "d",
        "mapping": {
            # Out of order, as dictionaries may be.
            "d": node("d", "b", "assistant", "second answer", model_slug="gpt-4o"),
            "root": node("root", None, None),
            "hidden": node(
                "hidden", "root", "user", "secret", is_visually_hidden_from_conversation=True
            ),
            "b": node("b", "hidden", "user", "question", {"content_type": "image_asset_pointer"}),
            "tool": node("tool", "b", "tool", "noise"),
            "c": node("c", "tool", "assistant", "first answer"),
        },
    },
    {"title": "empty", "mapping": {"root": node("root", None, None)}},
    "no chat at all",
]

CLAUDE = [
    {
        "uuid": "u-1",
        "name": "",
        "created_at": "2025-05-01T10:00:00.123456Z",
        "updated_at": "2025-05-01T11:00:00Z",
        "chat_messages": [
            {
                "uuid": "1",
                "sender": "human",
                "text": "read this",
                "created_at": "2025-05-01T10:00:00Z",
                "attachments": [{"file_name": "a.txt", "extracted_content": "file text"}],
            },
            {
                "uuid": "2",
                "sender": "assistant",
                "text": "",
                "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two\x00"}],
            },
            {"uuid": "3", "sender": "human", "text": "  "},
        ],
    }
]


@pytest.fixture
def llm_log(tmp_path: Path) -> Path:
    path = tmp_path / "logs.db"
    with sqlite3.connect(path) as database:
        database.executescript(
            "create table conversations (id text primary key, name text, model text);"
            "create table responses (id text primary key, model text, prompt text, system text,"
            " response text, conversation_id text, datetime_utc text, input_tokens integer,"
            " output_tokens integer);"
            "insert into conversations values ('k', 'Kittens', 'm');"
            "insert into responses values"
            " ('1', 'm', 'first', 'be brief', 'one', 'k', '2024-01-01T10:00:00', 3, 4),"
            " ('2', 'm', 'second', 'be brief', 'two', 'k', '2024-01-01T10:01:00', null, null),"
            " ('3', 'm', 'alone', null, 'three', null, '2024-01-02T10:00:00', null, null);"
        )
    return path


def write(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(document))
    return path


def said(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in record["messages"]]


def test_a_chatgpt_export_keeps_its_versions_and_shows_the_one_that_was_shown(
    tmp_path: Path,
) -> None:
    [chat] = read_file(write(tmp_path, CHATGPT), None, ME)

    assert chat["title"] == "Trip to Oslo"
    assert chat["created_at"] == "2023-11-14T22:13:20+00:00"
    assert sorted(said(chat)) == [
        ("assistant", "first answer"),
        ("assistant", "second answer"),
        ("user", "question\n\n[picture]"),
    ]
    by_text = {message["content"]: message for message in chat["messages"]}
    question = by_text["question\n\n[picture]"]
    assert question["parent_id"] is None
    assert by_text["first answer"]["parent_id"] == question["id"]
    assert by_text["second answer"]["parent_id"] == question["id"]
    assert chat["current_message_id"] == by_text["second answer"]["id"]
    assert by_text["second answer"]["metadata"] == {"model": "gpt-4o"}


def test_a_claude_export_keeps_texts_and_what_was_attached(tmp_path: Path) -> None:
    [chat] = read_file(write(tmp_path, CLAUDE), None, ME)

    assert chat["title"] == "Untitled chat"
    assert said(chat) == [
        ("user", "a.txt:\n\nfile text\n\nread this"),
        ("assistant", "one\n\ntwo\ufffd"),
    ]
    first, second = chat["messages"]
    assert second["parent_id"] == first["id"]
    assert first["created_at"] == "2025-05-01T10:00:00+00:00"


def test_the_log_of_llm_becomes_chats_with_their_system_prompt_once(llm_log: Path) -> None:
    chats = {chat["title"]: chat for chat in read_file(llm_log, None, ME)}

    assert said(chats["Kittens"]) == [
        ("system", "be brief"),
        ("user", "first"),
        ("assistant", "one"),
        ("user", "second"),
        ("assistant", "two"),
    ]
    assert chats["Kittens"]["messages"][2]["metadata"] == {
        "model": "m",
        "input_tokens": 3,
        "output_tokens": 4,
    }
    assert said(chats["alone"]) == [("user", "alone"), ("assistant", "three")]


def test_an_archive_is_read_without_unpacking_it(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("some folder/conversations.json", json.dumps(CLAUDE))
        target.writestr("user.json", "{}")

    assert len(list(read_file(archive, None, ME))) == 1


def test_the_same_file_has_the_same_ids_each_time_and_others_for_somebody_else(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, CLAUDE)

    assert list(read_file(path, None, ME)) == list(read_file(path, None, ME))
    [mine], [other] = read_file(path, None, ME), read_file(path, None, SOMEBODY)
    assert mine["id"] != other["id"]
    assert mine["messages"][0]["id"] != other["messages"][0]["id"]


@pytest.mark.parametrize(
    "content",
    [b"", b"no json", b"[" * 100_000, b"PK\x03\x04 broken", b"SQLite format 3\x00 broken", b"\xff"],
    ids=["empty", "text", "deep", "zip", "sqlite", "binary"],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(LocalFileProblem, match="file"):
        list(read_file(path, None, ME))


@pytest.mark.parametrize("document", [{}, [], [{"a": 1}], 5, "text"])
def test_json_of_something_else_says_what_can_be_brought_in(tmp_path: Path, document: Any) -> None:
    with pytest.raises(UsageProblem) as error:
        list(read_file(write(tmp_path, document), None, ME))

    assert "ChatGPT" in error.value.hint


def test_a_wrong_origin_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="claude, not of chatgpt"):
        list(read_file(write(tmp_path, CLAUDE), "chatgpt", ME))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"version": 2}, "newer"), ({"chats": 5}, "damaged"), ({"chats": [{}]}, "damaged")],
)
def test_our_own_file_is_of_this_version_and_whole(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    document = {"format": "pocketllm-chats", "version": 1, "chats": [], **change}

    with pytest.raises(LocalFileProblem, match=message):
        list(read_file(write(tmp_path, document), None, ME))
