"""Tab in the shells that are there, and what is completed when the backend is slow or away."""

import json
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.support.home import POCKETLLM

Program = Callable[..., "subprocess.CompletedProcess[bytes]"]

STARTS = {
    "bash": (["--norc", "--noprofile", "-i"], 'eval "$(pocketllm completion bash)"'),
    "zsh": (
        ["-f", "-i"],
        'autoload -Uz compinit; compinit -D -u; eval "$(pocketllm completion zsh)"',
    ),
    "fish": (["--no-config", "-i"], "pocketllm completion fish | source"),
}
SHOWS_LIST_AT = {"bash": 2, "zsh": 1, "fish": 1}
SHELLS = [name for name in STARTS if shutil.which(name)]


class Typist:
    """Types into a shell and reads what it shows."""

    def __init__(self, controller: int) -> None:
        self._controller = controller
        self._seen = ""

    def type(self, keys: str) -> None:
        os.write(self._controller, keys.encode())

    def wait_for(self, *texts: str) -> None:
        """Wait until these were shown, one after the other, since the last time."""
        deadline = time.monotonic() + 60
        for text in texts:
            while text not in self._seen:
                assert time.monotonic() < deadline, self._seen
                if select.select([self._controller], [], [], 0.5)[0]:
                    self._seen += os.read(self._controller, 65536).decode(errors="replace")
            self._seen = self._seen.partition(text)[2]


@contextmanager
def shell_on_terminal(name: str, folder: Path) -> Iterator[Typist]:
    """Start a shell that has no configuration but our completion."""
    options, completion = STARTS[name]
    pid, controller = pty.fork()
    if pid == 0:
        path = f"{Path(POCKETLLM).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "xterm"}
        environment["PS1"] = "type> "
        os.execvpe(name, [name, *options], environment)
    typist = Typist(controller)
    typist.type(completion + "\r")
    typist.type("echo rea''dy\r")
    typist.wait_for("ready", "> ")
    try:
        yield typist
    finally:
        os.close(controller)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_commands_chats_and_names_with_blanks(
    cli: Cli, backend: FakeBackend, shell: str, tmp_path: Path
) -> None:
    chat = backend.add_chat("Oslo: a “trip”")
    backend.add_message(chat["id"], "user", "Is it far?")
    backend.add_model("my $HOME model", model="llama:8b")
    for noun in ("chats", "models"):  # remembered, should the backend be slow when asked
        cli(noun, "list")
    with shell_on_terminal(shell, tmp_path) as typist:
        typist.type("pocketllm chats sho\t")
        typist.wait_for("sho", "w")
        typist.type("\t" * SHOWS_LIST_AT[shell])
        typist.wait_for("Oslo: a “trip”")
        typist.type("la\t")
        typist.wait_for("la", "st")
        typist.type("\r")
        typist.wait_for("Is it far?")
        typist.type("pocketllm models show my\t")
        typist.wait_for("my", "HOME", "model")
        typist.type("\r")
        typist.wait_for("llama:8b")


def words(program: Program, *unfinished: str) -> list[str]:
    """Return what the last word can become, as fish is told."""
    done = program("completion", "fish", "--", *unfinished)
    assert (done.returncode, done.stderr) == (ExitCode.OK, b"")
    return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize(
    ("unfinished", "expected"),
    [
        (("cont",), ["context"]),
        (("usage", "--by", ""), ["model", "day", "chat"]),
        (("ask", "-a", ""), [":files"]),
        (("chats", "import", ""), [":files"]),
        (("files", "upload", ""), [":files"]),
        (("files", "remove", ""), []),
        (("--context", ""), ["embedded"]),
        (
            (
                "ask",
                "--context=em",
            ),
            ["--context=embedded"],
        ),
        (("nope", ""), []),
        (("ask", "what"), []),
    ],
    ids=str,
)
def test_a_word_is_completed_by_where_it_stands(
    cli: Cli, unfinished: tuple[str, ...], expected: list[str]
) -> None:
    result = cli("completion", "fish", "--", *unfinished)

    assert [line.split("\t")[0] for line in result.out.splitlines()] == expected


@pytest.mark.parametrize(
    ("line", "word", "kind", "expected"),
    [
        ("pocketllm ask -m ", "", "9", ["gpt:4    (openai m)", "my own  (openai m)"]),
        ("pocketllm ask -m my", "my", "9", ["'my own'"]),
        ("pocketllm ask -m gpt:", ":", "9", ["4"]),
        ("pocketllm ask --model=m", "m", "9", ["'my own'"]),
        ("pocketllm ask -m ", "", "37", ["gpt:4", "'my own'"]),
        ("pocketllm ask -m 'my o", "'my o", "9", ["my own"]),
    ],
)
def test_bash_gets_what_it_can_put_in(
    cli: Cli, backend: FakeBackend, line: str, word: str, kind: str, expected: list[str]
) -> None:
    backend.add_model("gpt:4")
    backend.add_model("my own")
    cli("models", "list")

    found = cli("completion", "bash", "--", line, word, kind).out.splitlines()

    assert [" ".join(each.split()) for each in found] == [" ".join(e.split()) for e in expected]


def test_a_backend_that_hangs_or_is_gone_gives_what_commands_have_seen(
    cli: Cli, backend: FakeBackend, program: Program, home: Path
) -> None:
    backend.add_chat("old")
    cli("chats", "list")
    made = json.loads(cli("chats", "new", "new", "--json").out)
    renamed = cli("chats", "rename", made["id"], "newer")
    backend.hanging.add("/rest/v1/chats")

    hung = words(program, "chats", "show", "")
    backend.stop()
    gone = words(program, "chats", "show", "")

    assert renamed.exit_code == ExitCode.OK
    assert hung == gone
    assert hung[:2] == ["last", made["id"][:8]]
    assert len(hung) == 3
    [file] = (home / "cache" / "names").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_names_that_no_command_has_seen_come_from_the_backend(
    cli: Cli, backend: FakeBackend
) -> None:
    new = backend.add_chat("new")["id"][:8]
    deadline = time.monotonic() + 60  # a busy machine may take longer than the shell would wait

    while f"{new}\tnew\n" not in cli("completion", "fish", "--", "chats", "show", "").out:
        assert time.monotonic() < deadline


def test_nothing_is_started_or_signed_in_for_it(cli: Cli, home: Path) -> None:
    assert cli("completion", "fish", "--", "chats", "show", "").out == "last\tThe newest chat\n"
    assert not (home / "data").exists()


def test_another_account_is_not_shown_the_names_of_the_last_one(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.add_chat("secret")
    cli("chats", "list")
    monkeypatch.setenv("POCKETLLM_ACCESS_TOKEN", "of somebody else")

    assert "secret" not in cli("completion", "fish", "--", "chats", "show", "").out


def test_jobs_are_completed_by_what_was_asked_for(cli: Cli, backend: FakeBackend) -> None:
    job = {"id": "3f2a1b2c-0000-4000-8000-000000000001", "job_type": "image_generation"}
    backend.tables["jobs"] = [
        job
        | {"status": "completed", "input_data": {"prompt": "a \x1b[2Jballoon"}, "created_at": "1"}
    ]

    for command in ("jobs show", "images save", "jobs wait 77c1"):
        found = cli("completion", "fish", *command.split(), "3f").out
        assert found == "3f2a1b2c\ta balloon\n", command


def test_a_title_cannot_break_out_of_its_line(cli: Cli, backend: FakeBackend) -> None:
    backend.add_chat("a\nb\x1b[2J\tc")
    cli("chats", "list")

    assert "\ta b c\n" in cli("completion", "fish", "--", "chats", "show", "").out
