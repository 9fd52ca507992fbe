"""Pictures from the command line, on the real backend: made, shown, saved, given away, removed."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.end_to_end.in_process import Run
from tests.pocketllm_cli.drawn import drawn
from tests.support.home import POCKETLLM, Home, home_in
from tests.support.imagerouter import MODEL, ImageRouter
from tests.support.plain import NO_TLS
from tests.support.terminal import terminal_running

HALF_BLOCK = "▀"


@pytest.fixture(scope="module")
def picture(home: Home) -> dict[str, Any]:
    """The job of a picture that is there."""
    made = home.run(
        "images", "create", "a red", "balloon", "-m", MODEL, "--size", "80x40", "--json"
    )
    assert made.code == 0, made.err
    record: dict[str, Any] = made.json()
    return record


@pytest.fixture(scope="module")
def stranger(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Somebody else at the same backend."""
    status = home.status()
    with home_in(tmp_path_factory.mktemp("stranger")) as stranger:
        key = ("--anon-key", status["publishable_key"])
        stranger.run("context", "add", "there", "--url", status["url"], *key)
        email = f"{uuid4().hex}@example.com"
        done = stranger.run("signup", "--email", email, "--password-stdin", stdin=b"a long one 1\n")
        assert done.code == 0, done.err
        yield stranger


def as_service(home: Home, method: str, path: str, body: object = None) -> httpx.Response:
    """Ask the backend without our client."""
    env = dict(line.split("=", 1) for line in home.run("backend", "env").text.splitlines())
    key = env["SUPABASE_SERVICE_ROLE_KEY"]
    headers = {"apikey": key, "authorization": f"Bearer {key}", "prefer": "return=representation"}
    url = f"{env['SUPABASE_URL']}{path}"
    answer = httpx.request(method, url, headers=headers, json=body, verify=NO_TLS)
    assert answer.is_success, answer.text
    return answer


def stored(home: Home, path: str) -> bytes:
    """What lies in Storage."""
    return as_service(home, "GET", f"/storage/v1/object/authenticated/user_assets/{path}").content


def asked_without_our_client(home: Home, wish: dict[str, str], *, user_id: str) -> str:
    """Ask for a picture by a row, and return the id of its job."""
    row = {"user_id": user_id, "job_type": "image_generation", "input_data": wish}
    [job] = as_service(home, "POST", "/rest/v1/jobs", row).json()
    job_id: str = job["id"]
    return job_id


def test_a_picture_is_made_shown_and_saved_byte_for_byte(
    run: Run, home: Home, picture: dict[str, Any], tmp_path: Path
) -> None:
    assert (picture["status"], picture["input_data"]["prompt"]) == ("completed", "a red balloon")
    path = picture["output_data"]["path"]
    short = picture["id"][:8]

    assert run("images", "show", short).out == f"{path}\n"
    assert run("images", "save", short, str(tmp_path / "a.png")).code == 0
    assert run("files", "download", path, str(tmp_path)).code == 0

    whole = stored(home, path)
    assert whole.startswith(b"\x89PNG")
    assert (tmp_path / "a.png").read_bytes() == whole
    assert (tmp_path / Path(path).name).read_bytes() == whole
    assert path in run("files", "list").out
    assert short in run("images").out


def test_it_is_drawn_on_a_terminal_after_a_line_that_says_how_it_gets_on(home: Home) -> None:
    command = [POCKETLLM, "images", "create", "z", "-m", "heartbeats", "--size", "80x40"]
    with terminal_running(command, home.environment) as terminal:
        assert terminal.until_ended() == 0

    assert HALF_BLOCK in terminal.text
    assert "Made " in terminal.text
    assert "so far" in terminal.written.decode()
    assert "so far" not in terminal.text, "the line leaves no trace"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_where_nothing_can_be_drawn_it_is_told_about(
    home: Home, picture: dict[str, Any], environment: dict[str, str]
) -> None:
    command = ["env", *(f"{name}={value}" for name, value in environment.items())]
    command += [POCKETLLM, "images", "show", picture["id"]]
    with terminal_running(command, home.environment) as terminal:
        assert terminal.until_ended() == 0

    assert HALF_BLOCK not in terminal.text
    assert "a red balloon" in terminal.text


def test_a_prompt_comes_from_stdin_and_the_picture_goes_to_a_file_that_is_not_replaced_unasked(
    run: Run, home: Home, tmp_path: Path
) -> None:
    create = ("images", "create", "-m", MODEL, "--size", "20x20", "-o", str(tmp_path / "a.png"))

    first = run(*create, stdin=b"a balloon\n")
    again = run(*create, stdin=b"a balloon\n")
    forced = run(*create, "--force", "--json", stdin=b"a balloon\n")

    assert (first.code, first.out) == (0, f"{tmp_path}/a.png\n"), first.err
    assert again.code == 2
    assert "--force" in again.err
    record = forced.json()
    assert record["input_data"]["prompt"] == "a balloon"
    assert (tmp_path / "a.png").read_bytes() == stored(home, record["output_data"]["path"])


def test_a_picture_is_changed_from_one_on_this_machine(
    run: Run, home: Home, imagerouter: ImageRouter, tmp_path: Path
) -> None:
    (tmp_path / "in.png").write_bytes(drawn())

    made = run("images", "create", "x", "-m", MODEL, "-i", str(tmp_path / "in.png"), "--json")

    assert made.code == 0, made.err
    assert imagerouter.targets[-1].endswith("/images/edits")
    source = made.json()["input_data"]["inputImage"]
    assert source in run("files", "list").out
    assert run("images", "remove", made.json()["id"], "--yes").code == 0
    assert source not in run("files", "list").out


def test_a_picture_to_change_stays_while_another_try_needs_it(
    run: Run, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "in.png").write_bytes(drawn())
    failed = run("images", "create", "x", "-m", "403", "-i", str(tmp_path / "in.png"), "--json")
    source = failed.json()["input_data"]["inputImage"]
    again = run("jobs", "retry", failed.json()["id"], "--json").json()["id"]
    run("jobs", "wait", again)

    assert run("images", "remove", failed.json()["id"], "--yes").code == 0
    assert source in run("files", "list").out
    assert run("images", "remove", again, "--yes").code == 0
    assert source not in run("files", "list").out


def test_a_picture_that_another_was_made_from_stays_when_that_goes(
    run: Run, home: Home, picture: dict[str, Any]
) -> None:
    source = picture["output_data"]["path"]
    wish = {"prompt": "at night", "modelId": MODEL, "size": "20x20", "inputImage": source}
    changed = asked_without_our_client(home, wish, user_id=source.split("/")[2])
    assert run("jobs", "wait", changed).code == 0

    assert run("images", "remove", changed, "--yes").code == 0
    assert source in run("files", "list").out


def test_where_nobody_named_a_model_it_is_said_how_to(run: Run, home: Home) -> None:
    made = run("images", "create", "a fox")

    assert made.code == 7
    assert "images create --model" in made.err
    assert "IMAGEROUTER_MODEL" in made.err
    assert "jobs retry" not in made.err


def test_a_failed_job_says_why_and_ends_with_7(run: Run, home: Home) -> None:
    plain = run("images", "create", "x", "-m", "moderated")
    record = run("images", "create", "x", "-m", "moderated", "--json")

    assert (plain.code, plain.out) == (7, "")
    assert "The job failed: " in plain.err
    assert "pocketllm jobs retry" in plain.err
    assert (record.code, record.json()["status"]) == (7, "failed")
    assert json.loads(record.err.splitlines()[-1])["code"] == "job_failed"
    assert run("jobs", "wait", record.json()["id"]).code == 7


def test_a_job_that_is_tried_again_says_when_and_ends_well(run: Run, home: Home) -> None:
    made = run("images", "create", "x", "-m", "429-once")

    assert made.code == 0, made.err
    assert "Attempt 1 failed, the next begins" in made.err
    assert run("jobs", "show", "last", "--json").json()["attempt"] == 2


def test_ctrl_c_leaves_the_job_and_says_how_to_get_it_or_stop_it(run: Run, home: Home) -> None:
    process = subprocess.Popen(
        [POCKETLLM, "images", "create", "x", "-m", "silent"],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    waits = process.stderr.readline().decode()
    job = _at_work(run)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, b"")
    assert waits == f"Waiting for job {job[:8]}.\n"
    assert f"pocketllm jobs wait {job[:8]}" in err.decode()
    assert f"pocketllm jobs cancel {job[:8]}" in err.decode()
    assert run("jobs", "show", job, "--json").json()["status"] == "processing"

    assert run("images", "save", job, "x.png").code == 1
    cancelled = run("jobs", "cancel", job, "--json").json()
    assert (cancelled["status"], cancelled["error_log"]) == ("failed", "Cancelled.")
    assert run("jobs", "cancel", job).code == 1
    anew = run("jobs", "retry", job, "--json").json()
    assert anew["id"] != job
    assert anew["input_data"] == cancelled["input_data"]
    assert run("jobs", "cancel", anew["id"]).code == 0
    assert run("jobs", "wait", job, anew["id"]).code == 7


def _at_work(run: Run) -> str:
    deadline = time.monotonic() + 60
    while not (found := run("jobs", "list", "--status", "processing", "--json").json()):
        assert time.monotonic() < deadline
    job: str = found[0]["id"]
    return job


def test_nobody_else_sees_saves_links_stops_or_removes_it(
    run: Run, home: Home, stranger: Home, picture: dict[str, Any], tmp_path: Path
) -> None:
    job, path = picture["id"], picture["output_data"]["path"]
    target = str(tmp_path / "stolen.png")

    for refused in (
        ("images", "show", job),
        ("images", "save", job, target),
        ("images", "link", job),
        ("images", "remove", job, "--yes"),
        ("jobs", "show", job[:8]),
        ("jobs", "wait", job),
        ("jobs", "cancel", job),
        ("jobs", "retry", job),
        ("files", "link", path),
        ("files", "download", path, target),
        ("files", "remove", path, "--yes"),
    ):
        assert run(*refused, **stranger.environment).code == 6, refused
    assert not Path(target).exists()
    assert run("images", "--json", **stranger.environment).json() == []
    assert run("jobs", "--json", **stranger.environment).json() == []
    assert stored(home, path)


def test_a_link_gives_the_picture_to_anybody_until_its_time_is_over(
    run: Run, home: Home, picture: dict[str, Any]
) -> None:
    path = picture["output_data"]["path"]
    link = run("images", "link", picture["id"], "--expires", "2h").out.strip()
    brief = run("files", "link", path, "--expires", "1s", "--json").json()

    assert httpx.get(link, verify=NO_TLS).content == stored(home, path)
    assert brief["path"] == path
    deadline = time.monotonic() + 60
    while httpx.get(brief["url"], verify=NO_TLS).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_avatar_is_square_seen_by_all_and_goes_when_it_is_to_go(
    run: Run, home: Home, picture: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "me.png"
    run("images", "save", picture["id"], str(file))

    put = run("profile", "avatar", str(file), "--json")
    assert put.code == 0, put.err
    path = put.json()["avatar_url"]
    head = stored(home, path)
    assert int.from_bytes(head[16:20]) == int.from_bytes(head[20:24]) == 40
    status = home.status()
    url = f"{status['url']}/storage/v1/object/authenticated/user_assets/{path}"
    key = {"apikey": status["publishable_key"]}
    assert httpx.get(url, headers=key, verify=NO_TLS).content == head

    assert run("profile", "avatar", "--remove", "--json").json()["avatar_url"] is None
    assert httpx.get(url, headers=key, verify=NO_TLS).status_code == 400
    assert run("profile", "avatar", "--remove").code == 0
    assert run("profile", "avatar").code == 2


def test_a_backend_that_is_stopped_hands_its_job_on_without_counting_the_attempt(
    run: Run, home: Home
) -> None:
    job = run("images", "create", "x", "-m", "waits", "--no-wait", "--json").json()["id"]
    at_work(run, job)

    assert home.run("backend", "stop").code == 0
    assert home.run("backend", "start").code == 0

    assert at_work(run, job)["attempt"] == 1
    assert run("jobs", "cancel", job).code == 0


def at_work(run: Run, job: str) -> dict[str, Any]:
    """Wait until a job is worked at, by a worker of this start, and return it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        record: dict[str, Any] = run("jobs", "show", job, "--json").json()
        if record["status"] == "processing":
            return record
        assert record["status"] == "pending", record
        time.sleep(0.2)
    raise AssertionError("nobody began it")
