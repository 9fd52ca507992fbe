"""How long commands take that do little: against the least a Typer program can take."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import report, wall_times
from tests.support.backend import start_backend
from tests.support.home import POCKETLLM, home_in

ROUNDS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, home_in(Path(folder)) as home:
        environment = home.environment
        yardstick = str(Path(__file__).with_name("one_command.py"))
        times = wall_times(
            {
                "one --version": [sys.executable, yardstick, "--version"],
                "our --version": [POCKETLLM, "--version"],
                "one --help": [sys.executable, yardstick, "--help"],
                "our --help": [POCKETLLM, "--help"],
            },
            rounds=ROUNDS,
            environment=environment,
        )
        for flag, limit in (("--version", 1.2), ("--help", 1.5)):
            ratio = times[f"our {flag}"] / times[f"one {flag}"]
            report(f"pocketllm {flag}, against one Typer command", ratio, limit=limit, at_most=True)
        _measure_ask(environment)
    _measure_backend()


def _measure_ask(environment: dict[str, str]) -> None:
    upstream = subprocess.Popen(
        [sys.executable, "-m", "tests.support.upstream", "0"], stdout=subprocess.PIPE, text=True
    )
    assert upstream.stdout is not None
    try:
        url = upstream.stdout.readline().strip()
        add = [POCKETLLM, "models", "add", "fast", "--provider", "openai-compatible"]
        add += ["--base-url", url, "--model", "m", "--default", "--key-env", "BENCH_KEY"]
        subprocess.run(
            add, check=True, capture_output=True, env=environment | {"BENCH_KEY": "k" * 20}
        )
        times = wall_times(
            {
                "imports": [sys.executable, "-c", "import typer, httpx"],
                "ask": [POCKETLLM, "ask", "hi"],
                "list": [POCKETLLM, "chats", "list"],
            },
            rounds=ROUNDS,
            environment=environment,
        )
    finally:
        upstream.kill()
        upstream.wait()
    for name, limit in (("ask", 2.5), ("list", 2.5)):
        ratio = times[name] / times["imports"]
        report(
            f"pocketllm {name}, backend warm, against importing typer and httpx",
            ratio,
            limit=limit,
            at_most=True,
        )


def _measure_backend() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = start_backend(Path(folder))
        first.stop()
        warm = start_backend(Path(folder))
        warm.stop()
    print(f"  model: {first.status['model']}, on {os.cpu_count()} cores")
    report(
        "first start of the embedded backend", first.start_seconds, limit=4, at_most=True, unit="s"
    )
    report(
        "warm restart of the embedded backend", warm.start_seconds, limit=2, at_most=True, unit="s"
    )


if __name__ == "__main__":
    main()
