"""An Edge Function in a process of its own, in the runtime that Supabase's is made of."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import deno
import httpx

from backend_functions.db.migrate import sql_folder
from backend_functions.embedded.ports import free_port

FUNCTIONS = sql_folder() / "supabase" / "functions"
_ENVIRONMENT = ("POCKETLLM_FUNCTIONS_URL", "POCKETLLM_FUNCTIONS_SECONDS")


def run_deno(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one of Deno's own commands on all functions."""
    return subprocess.run(
        [deno.find_deno_bin(), *words],
        cwd=FUNCTIONS,
        env=dict(os.environ) | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )


@contextmanager
def running_function(name: str, log: Path, **environment: str) -> Iterator[str]:
    """Run one with the rights that it needs and no others; gives its base URL."""
    port = free_port()
    rights = ["--no-prompt", "--allow-net", f"--allow-env={','.join(_ENVIRONMENT)}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [deno.find_deno_bin(), "run", *rights, f"{name}/index.ts"],
            cwd=FUNCTIONS,
            env=dict(os.environ)
            | {"DENO_SERVE_ADDRESS": f"tcp:127.0.0.1:{port}", "NO_COLOR": "1"}
            | environment,
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.options(url, timeout=5).status_code == 204
    except httpx.HTTPError:
        return False
