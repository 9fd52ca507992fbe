"""What only a real process shows: pipes, signals, closed streams, what is imported."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import PROGRAM
from tests.pocketllm_cli.fake_answers import Stream
from tests.pocketllm_cli.fake_backend import FakeBackend

Program = Callable[..., "subprocess.CompletedProcess[bytes]"]


def many_lines(stream: Stream) -> None:
    stream.start()
    for number in range(2000):
        stream.send("delta", {"text": f"line {number}\n" * 20})
    stream.send("done", {"message": {"metadata": {"status": "complete"}, "content": "x"}})


def test_a_reader_that_goes_away_ends_it_quietly(backend: FakeBackend) -> None:
    backend.script = many_lines
    process = subprocess.Popen(
        [*PROGRAM, "ask", "hi"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"line 0\n"
    process.stdout.close()
    assert process.stderr

    assert process.stderr.read() == b""
    assert process.wait(20) == ExitCode.OK
    process.stderr.close()


@pytest.mark.parametrize("argv", [("ask", "hi"), ("chats", "list"), ("--help",), ("--version",)])
def test_a_full_disk_is_an_error(backend: FakeBackend, program: Program, argv: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        result = program(*argv, stdout=full, stderr=subprocess.PIPE, capture_output=False)

    assert result.returncode == ExitCode.FAILURE
    assert b"No space left on device" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_not_a_crash(backend: FakeBackend, closed: str) -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {closed}', "sh", *PROGRAM, "ask", "hi"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )

    assert result.returncode == (ExitCode.FAILURE if "1>" in closed else ExitCode.OK)
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"NO_COLOR": "1"},
        {"COLUMNS": "1", "LINES": "1"},
    ],
    ids=str,
)
def test_any_locale_and_terminal_will_do(
    backend: FakeBackend, program: Program, variables: dict[str, str]
) -> None:
    backend.add_chat("Wörter “日本”")
    backend.pieces = ["ü → 日本"]
    environment = {**os.environ, **variables}

    for argv in (["ask", "hi"], ["chats", "list"], ["chats", "list", "--json"], ["ask", "--nope"]):
        result = program(*argv, env=environment)
        assert b"Traceback" not in result.stderr
        assert result.returncode == (ExitCode.USAGE if "--nope" in argv else ExitCode.OK)


def test_text_is_written_as_it_arrives(backend: FakeBackend) -> None:
    go_on = threading.Event()

    def in_two_steps(stream: Stream) -> None:
        stream.start()
        stream.send("delta", {"text": "first"})
        go_on.wait(10)
        stream.send("done", {"message": {"metadata": {}, "content": "first"}})

    backend.script = in_two_steps
    process = subprocess.Popen(
        [*PROGRAM, "ask", "hi"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert process.stdout
    early = process.stdout.read(5)
    go_on.set()

    assert early + process.communicate(timeout=10)[0] == b"first\n"


def test_a_pipe_that_stays_open_is_explained(backend: FakeBackend) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "ask", "explain"],
        stdin=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(reader)
    assert process.stderr
    assert b"standard input" in process.stderr.readline()
    os.write(writer, b"late text")
    os.close(writer)
    process.communicate(timeout=10)

    assert backend.bodies[0]["prompt"] == "late text\n\nexplain"


def modules_after(program_argv: list[str]) -> set[str]:
    """Return what a process has imported when the command is over."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['pocketllm', *{program_argv!r}]\n"
        "from pocketllm_cli.cli import main\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    assert result.returncode == 0, result.stderr
    return set(result.stderr.decode().split())


@pytest.mark.parametrize("argv", [["--version"], ["--help"], []], ids=str)
def test_version_and_help_import_next_to_nothing(argv: list[str]) -> None:
    loaded = modules_after(argv)

    barred = {"httpx", "supabase", "supabase_auth", "rich", "textual", "asyncio", "json"}
    barred |= {"pydantic", "keyring", "filelock", "pocketllm_cli.api", "pocketllm_cli.commands.ask"}
    assert barred & loaded == set()


@pytest.mark.parametrize("argv", [["ask", "-m", "gpt", "hi"], ["chats"], ["models"]], ids=str)
def test_common_commands_import_only_what_they_need(backend: FakeBackend, argv: list[str]) -> None:
    backend.add_model("gpt")
    loaded = modules_after(argv)

    barred = {"pydantic", "supabase", "supabase_auth", "postgrest", "keyring", "filelock"}
    barred |= {"rich.console", "rich.markdown", "textual", "click", "pygments", "httpx._main"}
    barred |= {"PIL", "pocketllm_cli.attachables"}
    assert barred & loaded == set()


def run_on_terminal(
    argv: list[str],
    columns: int,
    lines: int,
    *,
    typed: bytes = b"",
    waits_for: str = "]",
    variables: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Run the program on a terminal of its own; return its exit code and all that it wrote.

    Args:
        typed: Keys that are pressed once `waits_for` stands on the screen.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    pid = os.fork()
    if pid == 0:
        _become_terminal(terminal)
        environment = {**os.environ, "TERM": "xterm-256color", **(variables or {})}
        os.execve(PROGRAM[0], [*PROGRAM, *argv], environment)
    os.close(terminal)
    written = b""
    while piece := _read(controller):
        written += piece
        if typed and waits_for.encode() in written:
            time.sleep(0.1)  # the terminal must have stopped to show what is typed
            os.write(controller, typed)
            typed = b""
    os.close(controller)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()


def _become_terminal(terminal: int) -> None:
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for stream in (0, 1, 2):
        os.dup2(terminal, stream)


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:  # the other side is closed
        return b""


MARKDOWN = "# Title\n\nSome *emphasis* and `code`.\n\n```sh\nls -l\n```\n\n1. one\n2. two\n\nEnd."


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (1, 1)], ids=str)
def test_markdown_is_rendered_on_a_terminal_of_any_size(
    backend: FakeBackend, size: tuple[int, int]
) -> None:
    backend.pieces = [MARKDOWN[at : at + 3] for at in range(0, len(MARKDOWN), 3)]
    _, written = run_on_terminal(["ask", "hi"], *size)

    assert "```" not in written.replace("\r\n", "") or size == (1, 1)
    assert "\x1b[" in written


@pytest.mark.parametrize(
    ("argv", "variables"),
    [(["ask", "--raw", "hi"], {}), (["ask", "hi"], {"TERM": "dumb"})],
    ids=str,
)
def test_raw_and_a_dumb_terminal_get_the_text_itself(
    backend: FakeBackend, argv: list[str], variables: dict[str, str]
) -> None:
    backend.pieces = [MARKDOWN]

    _, written = run_on_terminal(argv, 80, 24, variables=variables)

    assert written.replace("\r\n", "\n") == MARKDOWN + "\n"


def test_waiting_is_shown_on_a_terminal_and_leaves_no_trace(backend: FakeBackend) -> None:
    def late(stream: Stream) -> None:
        stream.start()
        time.sleep(1.0)
        stream.text(["Paris it is."])
        stream.end()

    backend.script = late
    _, written = run_on_terminal(["ask", "--raw", "hi"], 80, 24)
    _, quiet = run_on_terminal(["ask", "--raw", "-q", "hi"], 80, 24)

    assert "Waiting for the answer" in written
    assert written.endswith("\r\x1b[KParis it is.\r\n")
    assert quiet == "Paris it is.\r\n"


def test_thoughts_are_faint_on_the_terminal_and_never_in_the_output(backend: FakeBackend) -> None:
    def think(stream: Stream) -> None:
        stream.start()
        stream.send("reasoning", {"text": "Let me \x1b[2J"})
        stream.send("reasoning", {"text": "see."})
        stream.text(["Paris it is."])
        stream.end()

    backend.script = think
    _, written = run_on_terminal(["ask", "--raw", "hi"], 80, 24)
    piped = subprocess.run([*PROGRAM, "ask", "hi"], stdin=subprocess.DEVNULL, capture_output=True)

    assert "\x1b[2mLet me \x1b[22m\x1b[2msee.\x1b[22m" in written
    assert written.endswith("\r\n\r\nParis it is.\r\n")
    assert (piped.stdout, piped.stderr) == (b"Paris it is.\n", b"")


@pytest.mark.parametrize("argv", [["ask", "hi"], ["ask", "--raw", "hi"]], ids=" ".join)
def test_a_lost_connection_is_told_on_a_line_of_its_own(
    backend: FakeBackend, argv: list[str]
) -> None:
    backend.pieces = ["Paris ", "it is."]
    backend.cuts = [260]
    _, written = run_on_terminal(argv, 80, 24, variables={"NO_COLOR": "1"})
    lines = [line.strip() for line in re.split(r"[\r\n]+", written)]

    assert "Connection lost; taking the answer up again ..." in [
        re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in lines
    ]


def test_code_on_a_terminal_can_be_copied(backend: FakeBackend) -> None:
    command = "curl -fsSL https://example.org/" + "x" * 60 + " | sh  # a long line"
    backend.pieces = [f"# Title\n\n1. Run:\n\n   ```sh\n   {command}\n", "   ```\n"]
    _, written = run_on_terminal(["ask", "hi"], 40, 24, variables={"NO_COLOR": "1"})
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)

    assert f"\n{command}\r\n" in text
    assert "Title\r\n" in text


def test_no_sequence_of_the_model_reaches_a_terminal(backend: FakeBackend) -> None:
    backend.pieces = ["a\x1b]52;c;ZXZpbA==\x07b\u202ec\x1b[2Jd <b>html</b> [red]x[/red]"]
    _, written = run_on_terminal(["ask", "hi"], 80, 24, variables={"NO_COLOR": "1"})

    assert "ab<U+202E>cd <b>html</b> [red]x[/red]" in written
    assert "]52" not in written
    assert "\x1b[2J" not in written


@pytest.mark.parametrize(
    ("typed", "exit_code", "left"),
    [(b"y\n", 0, 0), (b"n\n", 0, 1), (b"\n", 0, 1), (b"\x04", 130, 1), (b"\x03", 130, 1)],
    ids=["yes", "no", "nothing", "end of input", "Ctrl-C"],
)
def test_deleting_asks_a_person_first(
    backend: FakeBackend, typed: bytes, exit_code: int, left: int
) -> None:
    backend.add_chat("Oslo")
    code, written = run_on_terminal(["chats", "delete", "last"], 80, 24, typed=typed)

    assert "Delete “Oslo”? [y/N]" in written
    assert code == exit_code
    assert len(backend.tables["chats"]) == left
    assert written.endswith("\n")


def test_a_key_is_asked_for_and_not_shown(backend: FakeBackend) -> None:
    argv = ["models", "add", "gpt", "--provider", "openai", "--model", "m"]
    code, written = run_on_terminal(argv, 80, 24, typed=b"sk-secret\n", waits_for="API key")

    assert code == 0
    assert backend.bodies[0]["api_key"] == "sk-secret"
    assert "sk-secret" not in written
