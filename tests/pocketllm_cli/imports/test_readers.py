"""Files of other programs, as they write them."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
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


LATER_LLM = r"""
create table threads (id text primary key, name text, tip_message_hash text, datetime_utc text);
create table turns (id text primary key, thread_id text, tip_message_hash text, model text,
  input_tokens integer, output_tokens integer, datetime_utc text);
create table messages (hash text primary key, parent_hash text, role text);
create table parts (id integer primary key, message_hash text, position integer, type text,
  text text, payload text);
create table fragments (id integer primary key, content text);
insert into fragments values (1, 'a fragment');
insert into threads values ('t', 'Thread', 'd', '2024-01-02T10:00:00');
insert into turns values ('3', 't', 'c', 'm', null, null, '2024-01-02T10:00:00'),
  ('4', 't', 'd', 'm', 3, null, '2024-01-02T11:00:00');
insert into messages values ('a', null, 'user'), ('b', 'a', 'tool'), ('c', 'b', 'assistant'),
  ('d', 'b', 'assistant');
insert into parts (message_hash, position, type, text, payload) values
  ('a', 0, 'text', null, '{"text_ref": [{"fragment": 1}, {"literal": "\nsum up"}]}'),
  ('a', 1, 'attachment', null, '{}'), ('b', 0, 'tool_result', 'noise', null),
  ('c', 0, 'text', 'three', null), ('d', 0, 'text', 'another three', null);
"""


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


def test_a_log_of_a_later_llm_keeps_its_threads_and_is_not_told_twice(llm_log: Path) -> None:
    with sqlite3.connect(llm_log) as database:
        database.executescript(LATER_LLM)

    chats = {chat["title"]: chat for chat in read_file(llm_log, None, ME)}

    assert set(chats) == {"Kittens", "Thread"}  # "alone" has become the thread
    assert said(chats["Thread"]) == [
        ("user", "a fragment\nsum up\n\n[file]"),
        ("assistant", "three"),
        ("assistant", "another three"),
    ]
    question, first, second = chats["Thread"]["messages"]
    assert first["parent_id"] == second["parent_id"] == question["id"]
    assert chats["Thread"]["current_message_id"] == second["id"]
    assert second["metadata"] == {"model": "m", "input_tokens": 3}
    assert first["created_at"] == "2024-01-02T10:00:00+00:00"


def test_what_chatgpt_told_its_tools_is_kept_as_code_and_documents(tmp_path: Path) -> None:
    chat = node("a", None, "user", "hello")
    code, canvas = node("b", "a", "assistant", "print(1)"), node("c", "b", "assistant")
    code["message"]["recipient"], canvas["message"]["recipient"] = (
        "python",
        "canmore.create_textdoc",
    )
    code["message"]["content"] = {"content_type": "code", "language": "python", "text": "print(1)"}
    canvas["message"]["content"] = {"text": json.dumps({"name": "Poem", "content": "Roses"})}
    mapping = {"a": chat, "b": code, "c": canvas}
    file = write(tmp_path, [{"title": {"odd": 1}, "mapping": mapping, "current_node": "c"}])

    [record] = read_file(file, None, ME)

    assert record["title"] == "Untitled chat"
    assert said(record) == [
        ("user", "hello"),
        ("assistant", "```python\nprint(1)\n```"),
        ("assistant", "Poem:\n\nRoses"),
    ]


def test_a_claude_export_keeps_documents_files_and_a_first_message_that_was_changed(
    tmp_path: Path,
) -> None:
    root = "00000000-0000-4000-8000-000000000000"
    document = {"type": "tool_use", "input": {"title": "Poem", "content": "Roses"}}
    messages = [
        {"uuid": "1", "sender": "human", "text": "old", "parent_message_uuid": root},
        {"uuid": "2", "sender": "assistant", "content": [document], "parent_message_uuid": "1"},
        {"uuid": "3", "sender": "human", "text": "new", "parent_message_uuid": root},
        {"uuid": "4", "sender": "assistant", "text": "", "parent_message_uuid": "3"},
        {
            "uuid": "5",
            "sender": "human",
            "files": [{"file_name": "a.png"}],
            "parent_message_uuid": "4",
        },
    ]

    [chat] = read_file(write(tmp_path, [{"uuid": "k", "chat_messages": messages}]), None, ME)

    assert said(chat) == [
        ("user", "old"),
        ("assistant", "Poem:\n\nRoses"),
        ("user", "new"),
        ("user", "[file: a.png]"),
    ]
    old, answer, new, file = chat["messages"]
    assert (old["parent_id"], new["parent_id"]) == (None, None)
    assert (answer["parent_id"], file["parent_id"]) == (old["id"], new["id"])


def broken(archive: bytes) -> bytes:
    at = archive.index(b"conversations.json") + 40
    return archive[:at] + b"\xff\x00\xff" + archive[at + 3 :]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(broken, "decompressing|CRC"), (lambda archive: archive[:300], "a part of it is missing")],
    ids=["harmed", "cut off"],
)
def test_a_damaged_archive_is_said_to_be_one(
    tmp_path: Path, harm: Callable[[bytes], bytes], reason: str
) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("conversations.json", json.dumps(CLAUDE * 20))
    archive.write_bytes(harm(archive.read_bytes()))

    with pytest.raises(LocalFileProblem, match=reason):
        list(read_file(archive, None, ME))


def test_an_archive_that_grows_beyond_measure_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketllm_cli.imports.files._SMALL_BYTES", 1000)
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("conversations.json", "[" + " " * 1_000_000 + "]")

    with pytest.raises(LocalFileProblem, match="beyond all measure"):
        list(read_file(archive, None, ME))


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
