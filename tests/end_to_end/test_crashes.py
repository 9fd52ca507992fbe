import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from tests.support.home import POCKETLLM, Home
from tests.support.upstream import Upstream


def postmaster(home: Home) -> psutil.Process:
    pid_file = home.backend_folder / "postgres" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def test_postgres_is_started_again_when_it_is_killed(
    home: Home, add_model: Callable[[str], str]
) -> None:
    model = add_model("any")
    postmaster(home).kill()
    time.sleep(0.05)

    asked = home.run("ask", "-m", model, "still there?")

    assert asked.code == 0, asked.err
    assert asked.text.startswith("word0")


def test_an_answer_that_died_with_the_server_is_kept_and_marked(
    new_home: Callable[..., Home], provider: Upstream
) -> None:
    home = new_home()
    home.run(
        "models",
        "add",
        "w",
        "--provider",
        "openai-compatible",
        "--model",
        "waits",
        "--base-url",
        provider.base_url,
        "--key-stdin",
        "--default",
        stdin=b"sk-canary-0123456789",
    )
    asking = home.start("ask", "tell me")
    assert asking.stdout is not None
    asking.stdout.read(5)
    time.sleep(1.3)  # longer than it takes to store the text so far

    home.kill_everything()

    _, err = asking.communicate(timeout=30)
    assert asking.returncode in (4, 7), err
    shown = home.run("chats", "show", "last", "--json").json()
    assert shown["messages"][0]["content"] == "tell me"
    assert shown["messages"][1]["content"] == "first half, "
    assert shown["messages"][1]["metadata"]["status"] == "interrupted"


def test_two_starts_at_once_give_one_backend(new_home: Callable[..., Home]) -> None:
    home = new_home()

    starting = [home.start("backend", "start", "--json") for _ in range(4)]
    outputs = [process.communicate(timeout=60) for process in starting]

    assert [process.returncode for process in starting] == [0, 0, 0, 0], outputs
    servers = [p for p in home.processes() if "backend_functions.embedded" in p.cmdline()]
    assert len(servers) == 1


def test_the_ports_are_the_same_after_a_restart(new_home: Callable[..., Home]) -> None:
    home = new_home()
    home.run("backend", "start")
    before = home.status()["url"]

    stopped, started = home.run("backend", "stop"), home.run("backend", "start")

    assert (stopped.code, started.code) == (0, 0)
    assert home.status()["url"] == before


def test_reset_removes_everything_and_the_next_question_starts_anew(
    new_home: Callable[..., Home],
) -> None:
    home = new_home()
    home.run("chats", "new", "to be gone")

    refused = home.run("backend", "reset")
    done = home.run("backend", "reset", "--yes")

    assert refused.code == 2
    assert done.code == 0, done.err
    assert not home.backend_folder.exists()
    assert home.run("chats", "list", "--json").json() == []


@pytest.mark.parametrize("how", ["full disk", "not writable"])
def test_a_backend_that_cannot_write_says_so_and_leaves_nothing_behind(
    new_home: Callable[..., Home], how: str
) -> None:
    home = new_home()
    size = "4m" if how == "full disk" else "64m,ro"
    script = f'mkdir -p "$POCKETLLM_HOME" && mount -t tmpfs -o size={size} none "$POCKETLLM_HOME"'
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            f'{script} && exec "{POCKETLLM}" chats list',
        ],
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode in (1, 4), done.stderr
    assert "Traceback" not in done.stderr
    assert "error:" in done.stderr
    assert "hint:" in done.stderr
