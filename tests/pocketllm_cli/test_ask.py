import json
from pathlib import Path

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_answers import Stream
from tests.pocketllm_cli.fake_backend import FakeBackend


def test_a_question_is_answered_and_kept_in_a_new_chat(cli: Cli, backend: FakeBackend) -> None:
    result = cli("ask", "What", "is it?")

    assert result == (ExitCode.OK, "Paris it is.\n", "")
    assert backend.tables["chats"][0]["title"] == "What is it?"
    assert [row["content"] for row in backend.tables["messages"]] == ["What is it?", "Paris it is."]


def test_a_question_takes_two_requests(cli: Cli, backend: FakeBackend) -> None:
    cli("ask", "hi")

    assert sum(backend.seen.values()) == 2


def test_piped_text_comes_first_and_the_title_is_what_was_typed(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "Write a commit message", stdin=b"  diff --git a b\n\n")

    assert backend.bodies[0]["prompt"] == "  diff --git a b\n\nWrite a commit message"
    assert backend.tables["chats"][0]["title"] == "Write a commit message"


def test_piped_text_alone_is_the_question(cli: Cli, backend: FakeBackend) -> None:
    cli("ask", stdin="\n  Wörter\nmore\n".encode())

    assert backend.bodies[0]["prompt"] == "\n  Wörter\nmore"
    assert backend.tables["chats"][0]["title"] == "Wörter"


def test_words_after_two_dashes_are_text(cli: Cli, backend: FakeBackend) -> None:
    cli("ask", "--", "--help", "-x")

    assert backend.bodies[0]["prompt"] == "--help -x"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        pytest.param((), b"", id="nothing"),
        pytest.param(("  ",), b"\n", id="blank"),
        pytest.param((), b"\xff\xfe\x00", id="binary"),
        pytest.param((), b"a\0b", id="NUL"),
        pytest.param(("a\0b",), b"", id="NUL in the argument"),
        pytest.param(("\udcff",), b"", id="bytes in the argument"),
        pytest.param((), b"x" * 1_000_001, id="more than a million characters"),
        pytest.param((), b"x" * (5 * 1024 * 1024), id="more than is read"),
        pytest.param(("hi", "-c", "--chat", "last"), b"", id="two chats"),
        pytest.param(("hi", "-c", "--temporary"), b"", id="a temporary old chat"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_usage_error_and_sends_nothing(
    cli: Cli, backend: FakeBackend, arguments: tuple[str, ...], stdin: bytes
) -> None:
    result = cli("ask", *arguments, stdin=stdin)

    assert result.exit_code == ExitCode.USAGE
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert not backend.seen


def test_continue_goes_on_in_the_chat_used_last(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("old", used="2026-01-01T00:00:00+00:00")
    newest = backend.add_chat("new", used="2026-01-03T00:00:00+00:00")

    cli("ask", "-c", "shorter")

    assert backend.bodies[0]["chatId"] == newest["id"]
    assert len(backend.tables["chats"]) == 2


def test_continue_without_any_chat_starts_the_first(cli: Cli, backend: FakeBackend) -> None:
    assert cli("ask", "-c", "hello").exit_code == ExitCode.OK
    assert [chat["title"] for chat in backend.tables["chats"]] == ["hello"]


def test_a_chat_is_named_by_the_beginning_of_its_id(cli: Cli, backend: FakeBackend) -> None:
    chat = backend.add_chat("one")

    cli("ask", "--chat", chat["id"][:6], "go on")

    assert backend.bodies[0]["chatId"] == chat["id"]


def test_a_model_is_named_by_its_config(cli: Cli, backend: FakeBackend) -> None:
    config = backend.add_model("gpt")

    cli("ask", "-m", "gpt", "hi")

    assert backend.tables["chats"][0]["model_config_id"] == config["id"]


def test_an_unknown_model_stores_nothing_and_names_the_list(cli: Cli, backend: FakeBackend) -> None:
    result = cli("ask", "-m", "nope", "hi")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "pocketllm models list" in result.err
    assert backend.tables["chats"] == []


def test_a_system_prompt_stands_before_the_question(cli: Cli, backend: FakeBackend) -> None:
    cli("ask", "-s", "Be brief.", "hi")

    assert [row["role"] for row in backend.tables["messages"]] == ["system", "user", "assistant"]


def test_a_temporary_chat_is_gone_afterwards(cli: Cli, backend: FakeBackend) -> None:
    assert cli("ask", "--temporary", "hi").out == "Paris it is.\n"
    assert backend.tables["chats"] == []


def test_json_prints_the_message_record(cli: Cli, backend: FakeBackend) -> None:
    record = json.loads(cli("ask", "--json", "hi").out)

    assert list(record) == ["id", "chat_id", "role", "content", "metadata", "created_at"]
    assert record["content"] == "Paris it is."


def test_events_are_numbered_lines_that_end_with_done(cli: Cli, backend: FakeBackend) -> None:
    lines = [json.loads(line) for line in cli("ask", "--events", "hi").out.splitlines()]

    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["event"] for line in lines] == ["started", "delta", "delta", "delta", "done"]
    assert lines[0]["model"] == "m"
    assert lines[-1]["message"]["content"] == "Paris it is."


def test_events_end_with_failed_when_nothing_could_be_asked(cli: Cli, backend: FakeBackend) -> None:
    result = cli("ask", "--events", "-m", "nope", "hi")

    assert json.loads(result.out)["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("provider_failed", ExitCode.REFUSED),
        ("provider_rejected_key", ExitCode.REFUSED),
        ("provider_busy", ExitCode.REFUSED),
        ("provider_refused", ExitCode.REFUSED),
        ("provider_unreachable", ExitCode.REFUSED),
        ("too_many_requests", ExitCode.REFUSED),
        ("provider_incomplete", ExitCode.INCOMPLETE),
        ("not_configured", ExitCode.FAILURE),
        ("conflict", ExitCode.FAILURE),
        ("unavailable", ExitCode.UNAVAILABLE),
        ("not_found", ExitCode.NOT_FOUND),
        ("not_permitted", ExitCode.AUTH),
        ("invalid_request", ExitCode.USAGE),
        ("too_large", ExitCode.USAGE),
        ("something_new", ExitCode.FAILURE),
    ],
)
@pytest.mark.parametrize("before_the_first_byte", [True, False])
def test_every_failure_of_the_backend_has_its_exit_code(
    cli: Cli, backend: FakeBackend, code: str, exit_code: ExitCode, before_the_first_byte: bool
) -> None:
    failure = {"code": code, "message": "It \x1b[31mbroke."}

    def fail(stream: Stream) -> None:
        stream.start()
        stream.send("failed", {**failure, "assistant_message_id": "a"})

    if before_the_first_byte:
        backend.failing["/functions/v1/chat-request"] = (400, {"error": failure})
    else:
        backend.script = fail
        if code == "unavailable":  # the server was stopped
            exit_code = ExitCode.INCOMPLETE
    result = cli("ask", "hi")

    assert result.exit_code == exit_code
    assert result.out == ""
    assert "It broke." in result.err


@pytest.mark.parametrize("code", ["provider_failed", "provider_incomplete", "unavailable"])
def test_what_came_before_a_failure_is_an_incomplete_answer(
    cli: Cli, backend: FakeBackend, code: str
) -> None:
    def fail(stream: Stream) -> None:
        stream.start()
        stream.text(["Par"])
        stream.send("failed", {"code": code, "message": "No.", "assistant_message_id": "a"})

    backend.script = fail
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.INCOMPLETE
    assert result.out == "Par\n"
    assert "No." in result.err
    assert "kept" in result.err


@pytest.mark.parametrize(
    ("retry_after", "hint"),
    [("7", "Try again in 7 seconds."), ("1", "in 1 second."), ("301", "in 6 minutes.")],
)
def test_a_limit_says_how_long_to_wait(
    cli: Cli, backend: FakeBackend, retry_after: str, hint: str
) -> None:
    failure = {"error": {"code": "too_many_requests", "message": "Too many answers at once."}}
    backend.failing["/functions/v1/chat-request"] = (429, failure)
    backend.headers["retry-after"] = retry_after
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.REFUSED
    assert hint in result.err


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [
        ("complete", ExitCode.OK),
        ("truncated", ExitCode.OK),
        ("incomplete", ExitCode.INCOMPLETE),
        ("cancelled", ExitCode.INCOMPLETE),
        ("interrupted", ExitCode.INCOMPLETE),
    ],
)
def test_an_answer_that_ended_early_is_no_success(
    cli: Cli, backend: FakeBackend, status: str, exit_code: ExitCode
) -> None:
    backend.status = status

    assert cli("ask", "hi").exit_code == exit_code


def test_control_sequences_never_reach_the_output(cli: Cli, backend: FakeBackend) -> None:
    backend.pieces = ["a\x1b]52;c;", "ZXZpbA==\x07b\x1b", "[2J", "c\x9b31md\r\ne\u202ef\n\n\n"]

    assert cli("ask", "hi").out == "abcd\ne\u202ef\n"


def test_json_escapes_what_a_terminal_would_obey(cli: Cli, backend: FakeBackend) -> None:
    backend.pieces = ["\x1b[2J\x9b\u202e\x7fü"]
    out = cli("ask", "--json", "hi").out

    assert "\\u001b[2J\\u009b\\u202e\\u007fü" in out
    assert json.loads(out)["content"] == backend.pieces[0]


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        pytest.param("Look:\n```sh\nls -l\n```\nDone.", "ls -l\n", id="fenced"),
        pytest.param("~~~\none\ntwo\n~~~\n```\nthree\n```", "one\ntwo\n", id="the first of two"),
        pytest.param("````\n```\nx\n```\n````", "```\nx\n```\n", id="a fence in a fence"),
        pytest.param("```\nnot closed", "not closed\n", id="not closed"),
    ],
)
def test_extract_prints_only_the_first_code_block(
    cli: Cli, backend: FakeBackend, answer: str, printed: str
) -> None:
    backend.pieces = [answer]

    assert cli("ask", "-x", "hi").out == printed


def test_extract_without_a_code_block_prints_all_and_says_so(
    cli: Cli, backend: FakeBackend
) -> None:
    result = cli("ask", "-x", "hi")

    assert result.out == "Paris it is.\n"
    assert "no code block" in result.err


def test_without_streaming_the_answer_is_printed_at_the_end(cli: Cli, backend: FakeBackend) -> None:
    assert cli("ask", "--no-stream", "hi").out == "Paris it is.\n"


def test_a_title_has_no_control_characters_and_at_most_60_letters(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "\x1b[31m\n" + "word " * 30)
    title = backend.tables["chats"][0]["title"]

    assert len(title) <= 60
    assert title.startswith("word word")
    assert title.endswith("…")


def test_a_page_in_place_of_the_backend_is_named_as_such(cli: Cli, backend: FakeBackend) -> None:
    backend.plain_answer = (200, "text/html", b"<html>Please sign in to the WiFi</html>")
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.UNAVAILABLE
    assert "<html" not in result.err
    assert "Something other than a PocketLLM backend answered" in result.err


def test_a_redirect_is_not_followed(cli: Cli, backend: FakeBackend) -> None:
    backend.plain_answer = (302, "text/html", b"")

    assert cli("ask", "hi").exit_code == ExitCode.UNAVAILABLE
    assert sum(backend.seen.values()) == 1


def test_nobody_at_the_address_is_exit_code_4(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETLLM_URL", "http://127.0.0.1:9")

    assert cli("ask", "hi").exit_code == ExitCode.UNAVAILABLE


def test_debug_names_a_private_log_without_secrets(
    cli: Cli, backend: FakeBackend, home: Path
) -> None:
    backend.tokens = {"eyJhbGciOi.eyJzdWIi.sig-nature"}
    result = cli("ask", "--debug", "hi")
    [log] = (home / "logs").iterdir()

    assert str(log) in result.err
    assert log.stat().st_mode & 0o777 == 0o600
    assert "GET" not in log.read_text()
    assert "POST /rest/v1/chats -> 401" in log.read_text()
    assert "Bearer token" not in log.read_text()


def _with_thoughts(stream: Stream) -> None:
    stream.start()
    stream.send("reasoning", {"text": "Let me see."})
    stream.send("sources", [{"title": "Oslo \x1b[2J", "url": "https://example.org/oslo"}])
    stream.text(["Oslo [1]."])
    stream.answer["content"] = "Oslo [1]."
    stream.end()


def test_the_web_is_searched_and_the_sources_are_told_beside_the_answer(
    cli: Cli, backend: FakeBackend
) -> None:
    backend.script = _with_thoughts
    result = cli("ask", "--web", "hi")

    assert backend.bodies[0]["webSearch"] is True
    assert result.out == "Oslo [1].\n"
    assert result.err == "Sources:\n[1] Oslo https://example.org/oslo\n"


def test_sources_and_thoughts_are_events(cli: Cli, backend: FakeBackend) -> None:
    backend.script = _with_thoughts
    result = cli("ask", "--events", "hi")
    lines = [json.loads(line) for line in result.out.splitlines()]

    assert [line["event"] for line in lines] == [
        "started", "reasoning", "sources", "delta", "done"
    ]  # fmt: skip
    assert lines[2]["sources"][0]["url"] == "https://example.org/oslo"
    assert result.err == ""


def test_regenerate_makes_another_version_of_the_last_answer(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "capital?")
    [question, answer] = backend.tables["messages"]

    result = cli("ask", "--regenerate")

    assert result.out == "Paris it is.\n"
    body = backend.bodies[-1]
    assert (body["chatId"], body["regenerate"]) == (answer["chat_id"], answer["id"])
    assert set(body) == {"chatId", "regenerate", "messageId"}
    assert backend.tables["messages"][-1]["parent_id"] == question["id"]


def test_regenerate_needs_an_answer(cli: Cli, backend: FakeBackend) -> None:
    chat = backend.add_chat("only a question")
    backend.add_message(chat["id"], "user", "hello?")
    result = cli("ask", "--regenerate")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "chats show" in result.err


@pytest.mark.parametrize("reference", ["last", "beginning", "whole"])
def test_edit_puts_another_question_in_the_place_of_one(
    cli: Cli, backend: FakeBackend, reference: str
) -> None:
    cli("ask", "capital of Frence?")
    question = backend.tables["messages"][0]
    named = {"beginning": question["id"][:8], "whole": question["id"]}.get(reference, reference)

    assert cli("ask", "--edit", named, "capital of France?").exit_code == ExitCode.OK
    assert backend.bodies[-1]["edit"] == question["id"]
    assert backend.bodies[-1]["prompt"] == "capital of France?"
    assert backend.tables["messages"][2]["parent_id"] == question["parent_id"]
    assert len(backend.tables["chats"]) == 1


def test_an_answer_cannot_be_edited(cli: Cli, backend: FakeBackend) -> None:
    cli("ask", "hi")
    result = cli("ask", "--edit", backend.tables["messages"][1]["id"], "hello")

    assert result.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("--regenerate", "text"),
        ("--regenerate", "--edit", "last"),
        ("--regenerate", "--temporary"),
        ("--regenerate", "-s", "Rhyme."),
        ("--edit", "last"),
        ("--edit", "last", "-s", "Rhyme.", "text"),
    ],
    ids=" ".join,
)
def test_versions_that_cannot_be_asked_for_send_nothing(
    cli: Cli, backend: FakeBackend, arguments: tuple[str, ...]
) -> None:
    assert cli("ask", *arguments).exit_code == ExitCode.USAGE
    assert not backend.seen
