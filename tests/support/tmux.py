"""A terminal with a person at it, inside tmux: keys are sent, the pane is read.

tmux is the one on the path, or else Debian's, fetched once by `apt-get` (which checks Debian's
signature) into a cache folder and unpacked there: nothing is installed and nobody has to be root.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

_FOLDER = user_cache_path("pocketllm") / "tmux"


@dataclass(frozen=True, slots=True)
class Tmux:
    """A server of its own with one pane, in which a shell runs."""

    command: list[str]
    environment: dict[str, str]

    def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        self._run("send-keys", "-l", "--", text)

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it, such as `C-n`, `Escape` or `C-Up`."""
        self._run("send-keys", key)

    @property
    def text(self) -> str:
        """What the pane shows."""
        return self._run("capture-pane", "-p")

    def until(self, claim: Callable[[str], object], seconds: float = 90) -> str:
        """Look until the pane is so, and return it."""
        deadline = time.monotonic() + seconds
        while not claim(text := self.text):
            assert time.monotonic() < deadline, f"it did not come about:\n{text}"
            time.sleep(0.1)
        return text

    def resize(self, columns: int, lines: int) -> None:
        """Give the pane another size."""
        self._run("resize-window", "-x", str(columns), "-y", str(lines))

    def is_plain(self) -> bool:
        """Say whether the pane shows its usual screen, with a cursor and without a mouse."""
        modes = "#{alternate_on} #{mouse_any_flag} #{cursor_flag} #{keypad_flag}"
        return self._run("display-message", "-p", modes).split() == ["0", "0", "1", "0"]

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self.command, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout


@contextmanager
def shell_in_tmux(
    environment: dict[str, str], *, columns: int = 110, lines: int = 32
) -> Iterator[Tmux]:
    """Run a shell in a tmux of its own, which is ended afterwards.

    Raises:
        FileNotFoundError: There is no tmux here, and no `apt-get` to fetch it.
    """
    program, libraries = tmux_program()
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        command = [program, "-S", f"{folder}/socket", "-f", os.devnull]
        variables = environment | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PS1": "$ "}
        if libraries:
            variables["LD_LIBRARY_PATH"] = libraries
        tmux = Tmux(command, variables)
        tmux._run("new-session", "-d", "-x", str(columns), "-y", str(lines), "env", "ENV=", "sh")
        try:
            yield tmux
        finally:
            subprocess.run([*command, "kill-server"], env=variables, capture_output=True)


def tmux_program() -> tuple[str, str]:
    """Return tmux, and the folders of libraries it needs beside the system's.

    Raises:
        FileNotFoundError: There is none, and no `apt-get` to fetch it.
    """
    if found := shutil.which("tmux"):
        return found, ""
    if not _FOLDER.is_dir():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise FileNotFoundError("tmux: install it with this machine's package manager")
        _fetch()
    libraries = {str(path.parent) for path in _FOLDER.rglob("*.so.*")}
    return str(_FOLDER / "usr" / "bin" / "tmux"), os.pathsep.join(sorted(libraries))


def _fetch() -> None:
    """Unpack tmux and those of its libraries that are not here."""
    _FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_FOLDER.parent, prefix="tmux-") as draft:
        lists, cache, root = (Path(draft, name) for name in ("lists", "cache", "root"))
        for folder in (lists / "partial", cache / "archives" / "partial", root):
            folder.mkdir(parents=True)
        of_ours: dict[str, object] = {"Dir::State::lists": lists, "Dir::Cache": cache}
        of_ours |= {"Debug::NoLocking": 1, "APT::Sandbox::User": "root"}
        settings = [word for name, value in of_ours.items() for word in ("-o", f"{name}={value}")]
        for words in (["update"], ["install", "--download-only", "--reinstall", "-y", "tmux"]):
            subprocess.run(["apt-get", "-qq", *settings, *words], check=True, timeout=120)
        for package in (cache / "archives").glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        try:
            root.rename(_FOLDER)
        except OSError:
            if not _FOLDER.is_dir():  # somebody else was faster
                raise
