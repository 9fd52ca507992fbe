import os
import stat
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from tests.support.home import POCKETLLM, Home

pytestmark = pytest.mark.model

QUESTION = "What is the capital of France? Answer in one word."


def test_the_first_question_on_a_new_machine_needs_nothing_and_outlives_a_crash(
    new_home: Callable[..., Home],
) -> None:
    # A path with spaces, and longer than the name of a Unix socket may be.
    home = new_home("a folder with spaces " + "and a long name " * 8)

    asked = home.run("ask", QUESTION)

    assert asked.code == 0, asked.err
    assert "Paris" in asked.text
    assert b"\x1b" not in asked.out
    assert "models add" in asked.err
    [chat] = home.run("chats", "list", "--json").json()
    shown = home.run("chats", "show", "last", "--json").json()
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"]
    answer = shown["messages"][1]["metadata"]
    assert shown["messages"][1]["content"].strip() == asked.text.strip() != ""
    assert answer["status"] == "complete"
    assert answer["input_tokens"] > 0
    assert answer["output_tokens"] > 0

    assert home.kill_everything() >= 2

    again = home.run("chats", "show", chat["id"], "--json")
    assert again.json() == shown
    assert "models add" not in again.err


@pytest.mark.parametrize(
    "prefix",
    [
        ["--map-root-user", "--net", sys.executable, "-m", "tests.support.without_network"],
        ["--map-user=1000", "--map-group=1000"],
    ],
    ids=["without any network", "as an ordinary user"],
)
def test_the_first_question_is_answered_also(
    new_home: Callable[..., Home], prefix: list[str]
) -> None:
    home = new_home()
    asked = subprocess.run(
        ["unshare", "--user", *prefix, POCKETLLM, "ask", QUESTION],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert asked.returncode == 0, asked.stderr
    assert "Paris" in asked.stdout


@pytest.mark.timeout(600)
def test_sixteen_first_questions_at_once_all_get_their_answer(
    new_home: Callable[..., Home],
) -> None:
    home = new_home()

    asking = [home.start("ask", f"What is {n} plus {n}?") for n in range(16)]
    outputs = [process.communicate(timeout=540) for process in asking]

    problems = [
        err.decode()
        for process, (_, err) in zip(asking, outputs, strict=True)
        if process.returncode
    ]
    assert problems == []
    assert all(out.strip() for out, _ in outputs)
    chats = home.run("chats", "list", "--json").json()
    assert len(chats) == 16
    assert len(home.run("models", "list", "--json").json()) == 1
    servers = [p for p in home.processes() if "backend_functions.embedded" in p.cmdline()]
    assert len(servers) == 1


def test_nothing_of_the_backend_is_open_to_other_users(home: Home) -> None:
    for path in home.backend_folder.rglob("*"):
        if "postgres" not in path.relative_to(home.backend_folder).parts[0]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for folder in (home.backend_folder, home.backend_folder / "postgres"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    address = home.status()["database_url"].split("@")[1]
    for login in ("postgres", "authenticator", "supabase_admin", os.environ.get("USER", "root")):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(f"postgresql://{login}@{address}", connect_timeout=5)
