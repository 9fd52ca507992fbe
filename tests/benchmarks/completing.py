"""How long Tab takes: from a backend that is warm, one that hangs, and from what is remembered."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import report, wall_times
from tests.support.home import POCKETLLM, home_in

ROUNDS = 9
FORGET = ["sh", "-c", 'rm -rf "$POCKETLLM_HOME/cache"; exec "$@"', "sh"]
TAB = [POCKETLLM, "completion", "bash", "--", "pocketllm chats show ", "", "9"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, home_in(Path(folder)) as home:
        for title in ("one", "two"):
            subprocess.run(
                [POCKETLLM, "chats", "new", title],
                check=True,
                capture_output=True,
                env=home.environment,
            )
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            away = {"POCKETLLM_URL": url, "POCKETLLM_ANON_KEY": "k", "POCKETLLM_ACCESS_TOKEN": "t"}
            hanging = ["env", *(f"{name}={value}" for name, value in away.items()), *TAB]
            times = wall_times(
                {
                    "imports": [sys.executable, "-c", "import typer, httpx"],
                    "command": [*TAB[:4], "pocketllm chats sh", "sh", "9"],
                    "warm": [*FORGET, *TAB],
                    "remembered": TAB,
                    "hanging": hanging,
                },
                rounds=ROUNDS,
                environment=home.environment,
            )
    for name, about, limit in (
        ("command", "a command", 2.0),
        ("warm", "a chat, backend warm", 2.5),
        ("remembered", "a chat that was just seen", 2.0),
    ):
        ratio = times[name] / times["imports"]
        report(f"Tab on {about}, against importing both", ratio, limit=limit, at_most=True)
    waited = times["hanging"] - times["imports"]
    report("Tab on a backend that hangs, beyond that", waited, limit=0.5, at_most=True, unit="s")


if __name__ == "__main__":
    main()
