"""A connection that breaks makes no second picture, loses none, and ends no waiting."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.bad_line import bad_line
from tests.end_to_end.in_process import Run
from tests.support.home import Home
from tests.support.imagerouter import MODEL

EVERYTHING = 1_000_000


@pytest.fixture(scope="module")
def token(home: Home) -> str:
    return home.run("whoami", "--token").text.strip()


@pytest.fixture
def port(home: Home) -> int:
    return urlsplit(home.status()["url"]).port or 0


def over(home: Home, token: str, line_port: int) -> dict[str, str]:
    """The environment in which the shared machine's backend is reached over a line."""
    return {
        "POCKETLLM_URL": f"http://127.0.0.1:{line_port}",
        "POCKETLLM_ANON_KEY": home.status()["publishable_key"],
        "POCKETLLM_ACCESS_TOKEN": token,
    }


def test_a_wish_whose_answer_was_lost_makes_one_picture(
    run: Run, home: Home, token: str, port: int
) -> None:
    with bad_line(port, b"/image-generation") as line:
        made = run("images", "create", "once", "-m", MODEL, **over(home, token, line.port))

        assert line.lost == 1
    assert made.code == 0, made.err
    jobs = run("images", "list", "--json").json()
    wished = [job for job in jobs if (job["input_data"] or {}).get("prompt") == "once"]
    assert [job["status"] for job in wished] == ["completed"]


def test_where_realtime_cannot_be_reached_the_job_is_asked_for(
    run: Run, home: Home, token: str, port: int
) -> None:
    with bad_line(port, b"/realtime/", times=EVERYTHING) as line:
        create = ("images", "create", "polled", "-m", "heartbeats", "--json")
        made = run(*create, **over(home, token, line.port))

        assert line.lost
    assert (made.code, made.json()["status"]) == (0, "completed"), made.err


def test_a_file_comes_whole_though_the_connection_breaks_twice(
    run: Run, home: Home, token: str, port: int, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text(os.urandom(400_000).hex())
    chat = run("chats", "new", "long", "--json").json()["id"]
    [stored] = run("files", "upload", str(tmp_path / "long.txt"), "--chat", chat, "--json").json()

    target = tmp_path / "fetched.txt"
    with bad_line(port, b"GET /storage", after_bytes=200_000, times=2) as line:
        fetched = run(
            "files", "download", stored["path"], str(target), **over(home, token, line.port)
        )

        assert line.lost == 2
    assert fetched.code == 0, fetched.err
    assert target.read_bytes() == (tmp_path / "long.txt").read_bytes()
