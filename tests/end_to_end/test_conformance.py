"""Every command, in every mode: what it prints where, and the code it ends with."""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest

from pocketllm_cli.errors import ExitCode
from tests.docs.references import command_names
from tests.end_to_end.conformance import TABLE, Row
from tests.end_to_end.in_process import Run
from tests.support.home import Home
from tests.support.imagerouter import MODEL

_CREDENTIALS = {"POCKETLLM_ACCESS_TOKEN": "x.y.z", "POCKETLLM_PASSWORD": "a long password"}


def rows(field: str) -> pytest.MarkDecorator:
    chosen = [row for row in TABLE if getattr(row, field) is not None]
    return pytest.mark.parametrize("row", chosen, ids=lambda row: " ".join(row.words))


def needing(*needs: str) -> pytest.MarkDecorator:
    chosen = [row for row in TABLE if row.needs in needs]
    return pytest.mark.parametrize("row", chosen, ids=lambda row: " ".join(row.words))


@pytest.fixture(scope="module")
def things(
    home: Home, add_model: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What there is, by what stands for it in the table."""
    model = add_model("any")
    chat = home.run("ask", "-m", model, "--json", "hello").json()["chat_id"]
    message = home.run("chats", "show", chat, "--json").json()["messages"][0]["id"]
    file = tmp_path_factory.mktemp("conformance") / "chats.json"
    file.write_bytes(home.run("chats", "export", chat, "--format", "json").out)
    job = home.run("images", "create", "-m", MODEL, "--size", "40x30", "--json", "x").json()
    png = file.with_name("picture.png")
    assert home.run("images", "save", job["id"], str(png)).code == 0
    _insert_alike(home, chat, job["id"])
    return {
        "chat": chat,
        "message": message,
        "model": model,
        "job": job["id"],
        "picture": job["output_data"]["path"],
        "png": str(png),
        "user": home.run("whoami", "--json").json()["id"],
        "file": str(file),
    }


def _insert_alike(home: Home, chat: str, job: str) -> None:
    """Make two chats, and two jobs, whose ids begin alike."""
    with psycopg.connect(home.status()["database_url"]) as connection:
        for number in (1, 2):
            alike = f"abcdef00-0000-4000-8000-00000000000{number}"
            connection.execute(
                "insert into public.chats (id, user_id, title)"
                " select %s, user_id, %s from public.chats where id = %s"
                " on conflict do nothing",
                (alike, f"alike {number}", chat),
            )
            connection.execute(
                "insert into public.jobs (id, user_id, job_type, status, created_at)"
                " select %s, user_id, job_type, 'failed', '2020-01-01' from public.jobs"
                " where id = %s on conflict do nothing",
                (alike, job),
            )


def arguments(row: Row, given: tuple[str, ...], things: dict[str, str]) -> list[str]:
    return [*row.words, *(part.format(**things) for part in given)]


def test_every_command_has_its_row() -> None:
    assert {row.words for row in TABLE} | {()} == command_names()


@rows("given")
def test_json_is_all_there_is_on_stdout_and_one_newline_ends_it(
    run: Run, things: dict[str, str], row: Row
) -> None:
    assert row.given is not None
    ended = run(*arguments(row, row.given, things), "--json")

    assert ended.code == ExitCode.OK, ended.err
    assert ended.out.endswith("\n")
    assert not ended.out.endswith("\n\n")
    if row.is_json:
        json.loads(ended.out)
    assert "\x1b" not in ended.out + ended.err


@rows("given")
def test_quiet_is_quiet_and_a_pipe_gets_plain_text(
    run: Run, things: dict[str, str], row: Row
) -> None:
    assert row.given is not None
    ended = run(*arguments(row, row.given, things), "-q")

    assert (ended.code, ended.err) == (ExitCode.OK, "")
    assert ended.out.strip()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", ended.out)
    assert row.words == ("ask",) or " \n" not in ended.out  # what a model wrote is left as it is


@needing("session", "backend")
def test_without_a_backend_it_says_so(run: Run, things: dict[str, str], row: Row) -> None:
    nowhere = {"POCKETLLM_URL": "http://127.0.0.1:9", "POCKETLLM_ANON_KEY": "sb_publishable_x"}

    ended = run(*arguments(row, row.asking, things), "--json", **nowhere, **_CREDENTIALS)

    assert ended.code == ExitCode.UNAVAILABLE, ended
    assert ended.out == ""
    assert ended.error()["hint"]


@needing("session")
def test_without_a_session_it_says_how_to_sign_in(
    run: Run, home: Home, things: dict[str, str], row: Row
) -> None:
    status = home.status()
    there = {"POCKETLLM_URL": status["url"], "POCKETLLM_ANON_KEY": status["publishable_key"]}

    ended = run(*arguments(row, row.asking, things), "--json", **there)

    assert ended.code == ExitCode.AUTH, ended
    assert ended.out == ""
    assert "pocketllm login" in ended.error()["hint"]


@rows("missing")
def test_what_is_not_there_is_exit_6_and_the_next_command_is_named(
    run: Run, things: dict[str, str], row: Row
) -> None:
    assert row.missing is not None
    ended = run(*arguments(row, row.missing, things), "--json")

    assert ended.code == ExitCode.NOT_FOUND, ended
    assert ended.out == ""
    assert "pocketllm" in ended.error()["hint"]


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.is_prefix], ids=lambda row: " ".join(row.words)
)
def test_a_beginning_that_two_ids_share_lists_both(
    run: Run, things: dict[str, str], row: Row
) -> None:
    ended = run(*row.words, "abcdef00")

    assert ended.code == ExitCode.USAGE, ended
    assert ended.out == ""
    assert ended.err.count("abcdef00-0000") == 2


@rows("destroys")
def test_nothing_is_destroyed_where_nobody_can_be_asked(
    run: Run, home: Home, things: dict[str, str], row: Row
) -> None:
    assert row.destroys is not None
    ended = run(*arguments(row, row.destroys, things), "--json")

    assert ended.code == ExitCode.USAGE, ended
    assert "--yes" in ended.error()["hint"]
    assert run("chats", "show", things["chat"]).code == ExitCode.OK
    assert run("models", "show", things["model"]).code == ExitCode.OK


@pytest.fixture
def tarpit() -> Iterator[str]:
    """An address that takes requests and never answers; who asks is interrupted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over, asked = threading.Event(), []

        def serve() -> None:
            with suppress(OSError):
                while not over.is_set():
                    connection, _ = server.accept()
                    asked.append(connection)
                    if connection.recv(1) and not over.is_set():
                        os.kill(os.getpid(), signal.SIGINT)
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        for connection in asked:
            connection.close()
        thread.join()


@needing("session", "backend")
def test_ctrl_c_in_the_middle_ends_it_at_once(
    run: Run, things: dict[str, str], row: Row, tarpit: str
) -> None:
    there = {"POCKETLLM_URL": tarpit, "POCKETLLM_ANON_KEY": "sb_publishable_x"}

    ended = run(*arguments(row, row.asking, things), **there, **_CREDENTIALS)

    assert ended.code == ExitCode.INTERRUPTED, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
