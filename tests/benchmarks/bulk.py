"""Years of chats brought in and written out, and the memory that commands take.

The backend is warm; the client, the backend and PostgreSQL share the machine's cores.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.figures import report
from tests.benchmarks.scale import TEXTS
from tests.support.home import POCKETLLM, Home, home_in

CHATS, PER_CHAT = 10_000, 10
_MIB = 1024 * 1024
_WHEN = "2020-01-01T00:00:00Z"
_LAST_WORD = "zanderlast"


def main() -> None:
    """Print how fast chats come in, and how much memory it takes to write them out and to ask."""
    with tempfile.TemporaryDirectory() as folder, home_in(Path(folder) / "home") as home:
        if home.run("chats", "list").code:
            raise RuntimeError("The backend did not start.")
        chats = [_chat(number) for number in range(CHATS)]
        file = Path(folder) / "conversations.json"
        _bring_in(home, file, chats[: CHATS // 10])
        few = _peak_bytes(home, "chats", "export", "--all", "--format", "json")
        began = time.perf_counter()
        count = _bring_in(home, file, chats[CHATS // 10 :])
        rate = count / (time.perf_counter() - began)
        report(f"import of {count:,} messages: a second", rate, limit=2000, at_most=False, unit="")
        _check_that_it_is_found(home)
        many = _peak_bytes(home, "chats", "export", "--all", "--format", "json")
        label = f"peak memory of the export of {CHATS:,} chats, against a tenth of them"
        report(label, many / few, limit=1.1, at_most=True)
        with _instant_model(home):
            asking = _peak_bytes(home, "ask", "hi")
        report("peak memory of ask", asking / _MIB, limit=60, at_most=True, unit=" MiB")


def _chat(number: int) -> dict[str, Any]:
    texts = [TEXTS[(number * PER_CHAT + turn) % len(TEXTS)] for turn in range(PER_CHAT)]
    if number == CHATS - 1:
        texts[-1] += f" {_LAST_WORD}"
    messages = [
        {"uuid": f"{number} {turn}", "sender": ("human", "assistant")[turn % 2], "text": text}
        for turn, text in enumerate(texts)
    ]
    times = {"created_at": _WHEN, "updated_at": _WHEN}
    return {"uuid": str(number), "name": f"Chat {number}", **times, "chat_messages": messages}


def _bring_in(home: Home, file: Path, chats: list[dict[str, Any]]) -> int:
    file.write_text(json.dumps(chats))
    done = home.run("chats", "import", str(file), "--json", timeout=900)
    if done.code:
        raise RuntimeError(done.err)
    count: int = done.json()["messages"]
    return count


def _check_that_it_is_found(home: Home) -> None:
    lines = home.run("backend", "env").text.splitlines()
    env = dict(line.split("=", 1) for line in lines if "=" in line)
    token = home.run("whoami", "--token").text.strip()
    response = httpx.post(
        f"{env['SUPABASE_URL']}/rest/v1/rpc/search_messages",
        json={"query": _LAST_WORD},
        headers={"apikey": env["SUPABASE_ANON_KEY"], "authorization": f"Bearer {token}"},
    )
    response.raise_for_status()
    if len(response.json()) != 1:
        raise RuntimeError("What was imported last is not found.")


def _peak_bytes(home: Home, *words: str) -> int:
    """Run a command to its end and return its peak memory."""
    child = [sys.executable, "-S", "-E", str(Path(__file__).with_name("one_child.py"))]
    done = subprocess.run(
        [*child, POCKETLLM, *words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=home.environment,
        text=True,
    )
    return int(done.stderr.splitlines()[-1])


@contextmanager
def _instant_model(home: Home) -> Iterator[None]:
    """Make a model whose answer is there at once the default."""
    upstream = subprocess.Popen(
        [sys.executable, "-m", "tests.support.upstream", "0"], stdout=subprocess.PIPE, text=True
    )
    assert upstream.stdout is not None
    try:
        url = upstream.stdout.readline().strip()
        add = ["models", "add", "fast", "--provider", "openai-compatible", "--base-url", url]
        home.run(*add, "--model", "m", "--default", "--key-env", "BENCH_KEY", BENCH_KEY="k" * 20)
        yield
    finally:
        upstream.kill()
        upstream.wait()


if __name__ == "__main__":
    main()
