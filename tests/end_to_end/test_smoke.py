"""`pocketllm smoke`: what works, what does not, and that nothing is left behind."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pocketllm_cli.errors import ExitCode
from pocketllm_cli.smoke.names import FILE_NAME, PREFIX
from tests.support.backend import sign_up
from tests.support.home import Home
from tests.support.imagerouter import KEY, MODEL, ImageRouter
from tests.support.upstream import Upstream

STEPS = [
    *("sign in", "chat", "leftovers", "realtime", "ask", "rows", "changes", "file", "image"),
    "clean up",
]


def traces(home: Home) -> list[str]:
    """What runs have left: chats, and files."""
    chats = home.run("chats", "list", "--json", "--limit", "1000").json()
    files = home.run("files", "list", "--json").json()
    titles = [chat["title"] for chat in chats if chat["title"].startswith(PREFIX)]
    return titles + [file["path"] for file in files if FILE_NAME in json.dumps(file)]


def states(report: Any) -> dict[str, str]:
    return {step["step"]: step["state"] for step in report["steps"]}


def wait_until_asked(provider: Upstream, asked: int) -> None:
    while len(provider.requests) <= asked:
        time.sleep(0.02)


def test_everything_works_on_a_new_embedded_backend_and_nothing_is_left(
    home: Home, tmp_path: Path
) -> None:
    done = home.run("smoke", "--json", "--junit", str(tmp_path / "smoke.xml"))

    report = done.json()
    assert done.code == ExitCode.OK, report
    assert [step["step"] for step in report["steps"]] == STEPS
    assert {name for name, state in states(report).items() if state != "ok"} == {"image"}
    assert traces(home) == []
    suite = ElementTree.parse(tmp_path / "smoke.xml").getroot()[0]  # noqa: S314 - we wrote it
    assert suite.attrib["tests"] == "10"
    assert [case.attrib["name"] for case in suite.findall("testcase")] == STEPS


def test_a_model_that_fails_is_named_with_what_mends_it(
    home: Home, add_model: Callable[[str], str], tmp_path: Path
) -> None:
    done = home.run("smoke", "-m", add_model("401"), "--json", "--junit", str(tmp_path / "s.xml"))

    report = done.json()
    assert done.code == ExitCode.REFUSED
    found = states(report)
    assert found["ask"] == "failed"
    assert {found[name] for name in ("rows", "changes", "image")} == {"skipped"}
    assert {found[name] for name in ("realtime", "file", "clean up")} == {"ok"}
    ask = report["steps"][STEPS.index("ask")]
    assert ask["code"] == "provider_rejected_key"
    assert "pocketllm models edit" in ask["fix"]
    failure = ElementTree.parse(tmp_path / "s.xml").getroot().find(".//failure")  # noqa: S314
    assert failure is not None
    assert failure.attrib["type"] == "provider_rejected_key"
    assert traces(home) == []


def test_an_image_is_made_and_taken_away_where_a_config_makes_some(
    home: Home, imagerouter: ImageRouter
) -> None:
    made = len(imagerouter.made)
    add = ("models", "add", "pictures", "--provider", "imagerouter", "--model", MODEL)
    base_url = ("--base-url", imagerouter.base_url, "--key-stdin")
    assert home.run(*add, *base_url, stdin=KEY.encode()).code == 0
    try:
        report = home.run("smoke", "--json").json()
    finally:
        home.run("models", "remove", "pictures", "--yes")

    image = report["steps"][STEPS.index("image")]
    assert image["state"] == "ok", image
    assert image["detail"].startswith(f"{MODEL} made a PNG of")
    assert len(imagerouter.made) == made + 1
    assert traces(home) == []


def test_who_stops_it_gets_a_report_and_nothing_is_left(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    asked = len(provider.requests)
    process = home.start("smoke", "-m", add_model("waits"))
    wait_until_asked(provider, asked)

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)

    assert process.returncode == ExitCode.TERMINATED
    assert b"FAILED  ask" in out
    assert b"ok      clean up" in out
    assert b"what was made is removed" in err
    assert traces(home) == []


def test_what_a_killed_run_left_the_next_one_removes(
    home: Home, add_model: Callable[[str], str], provider: Upstream
) -> None:
    asked = len(provider.requests)
    process = home.start("smoke", "-m", add_model("waits"))
    wait_until_asked(provider, asked)
    process.kill()
    process.communicate()
    assert len(traces(home)) == 1

    assert states(home.run("smoke", "--json").json())["leftovers"] == "ok"
    assert len(traces(home)) == 1, "it might still be running"
    home.run("smoke", "--sweep-after", "0")

    assert traces(home) == []


def test_it_signs_in_for_one_run_with_a_password_from_the_environment(
    home: Home, new_home: Callable[..., Home]
) -> None:
    status = home.status()
    user = sign_up(status["url"], status["publishable_key"])
    machine = new_home(POCKETLLM_URL=user.url, POCKETLLM_ANON_KEY=user.key)

    done = machine.run(
        "smoke", "--json", POCKETLLM_EMAIL=user.email, POCKETLLM_PASSWORD=user.password
    )
    without = machine.run("smoke")

    report = done.json()
    assert done.code == ExitCode.OK, report
    assert report["steps"][0]["detail"].startswith(f"Signed in for this run as {user.email}")
    assert without.code == ExitCode.AUTH
    assert b"FAILED  sign in" in without.out
    assert b"pocketllm login" in without.out
