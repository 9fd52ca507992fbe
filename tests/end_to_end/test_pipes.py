import json
import subprocess
from collections.abc import Callable

from tests.support.home import POCKETLLM, Home
from tests.support.upstream import Upstream


def test_piped_text_comes_first_and_the_answer_has_not_one_escape_byte(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    ran = home.run("ask", "-m", add_model("any"), "Write a commit message", stdin=b"+ a line\n")

    assert ran.code == 0, ran.err
    assert ran.text == "".join(f"word{n} " for n in range(50)).rstrip(" ") + " \n"
    assert b"\x1b" not in ran.out
    asked = provider.requests[-1]["messages"][-1]["content"]
    assert asked == "+ a line\n\nWrite a commit message"


def test_a_chat_goes_on_with_c(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    home.run("ask", "-m", add_model("any"), "-s", "Rhyme.", "first")

    ran = home.run("ask", "-c", "shorter")

    assert ran.code == 0, ran.err
    roles = [message["role"] for message in provider.requests[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


def test_a_deleted_chat_comes_back_with_all_it_held(
    home: Home, add_model: Callable[[str], str]
) -> None:
    home.run("ask", "-m", add_model("any"), "hello")
    before = home.run("chats", "show", "last", "--json").json()

    deleted = home.run("chats", "delete", before["id"], "--yes")
    gone = home.run("chats", "show", before["id"])
    restored = home.run("chats", "restore", "last", "--json").json()

    assert deleted.code == 0, deleted.err
    assert gone.code == 6
    assert [chat["id"] for chat in restored] == [before["id"]]
    assert home.run("chats", "show", before["id"], "--json").json() == before


def test_a_reader_that_leaves_early_ends_it_quietly(
    home: Home, add_model: Callable[[str], str]
) -> None:
    model = add_model("one-by-one")
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{POCKETLLM}" ask -m {model} hi | head -c 5'],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )

    assert done.stdout == b"word0"
    assert done.stderr == b""


def test_events_are_lines_of_json_that_end_with_done(
    home: Home, add_model: Callable[[str], str]
) -> None:
    ran = home.run("ask", "-m", add_model("any"), "--events", "hi")

    events = [json.loads(line) for line in ran.text.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "started"
    assert events[-1]["event"] == "done"
    assert "".join(event.get("text", "") for event in events) == events[-1]["message"]["content"]


def test_the_answers_record_is_the_message(home: Home, add_model: Callable[[str], str]) -> None:
    record = home.run("ask", "-m", add_model("any"), "--json", "hi").json()

    assert set(record) >= {"id", "chat_id", "role", "content", "metadata", "created_at"}


def test_terminal_sequences_of_a_model_reach_no_output(
    home: Home, add_model: Callable[[str], str]
) -> None:
    ran = home.run("ask", "-m", add_model("hostile"), "hi")

    assert ran.code == 0
    assert b"\x1b" not in ran.out
    assert b"\x07" not in ran.out
    assert ran.out.startswith(b"ab")


def test_the_key_is_in_no_file_and_no_output(home: Home, add_model: Callable[[str], str]) -> None:
    add_model("401")
    home.run("--debug", "ask", "-m", "401", "hi")
    home.run("--debug", "models", "test", "401")

    for path in (home.folder / "pocketllm").rglob("*"):
        if path.is_file() and path.stat().st_size < 50_000_000:
            assert b"sk-canary" not in path.read_bytes(), path
