"""The page `docs/hosted.md`, run: from an empty database to a signed-in person's answer."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend_functions.embedded.ports import free_port
from pocketllm_cli.smoke.names import PREFIX
from tests.conftest import Cluster
from tests.contract.node import node_environment, supabase_command
from tests.docs.references import DOCS
from tests.sql.databases import new_database
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.home import Home, home_in
from tests.support.upstream import Upstream

pytestmark = pytest.mark.db

ROOT = DOCS.parent
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

# What differs from a reader's machine: programs lie elsewhere, the port is free, and the provider
# is on this machine, which a hosted server does not call (tests.support.replica is one that does).
PRELUDE = """
set -euo pipefail
python() {{
  case "$2" in
    backend_functions) exec {python} -m tests.support.replica {port} > "$HOME/functions.log" 2>&1 ;;
    backend_functions.worker) exec {python} "$@" > "$HOME/worker.log" 2>&1 ;;
    *) {python} "$@" ;;
  esac
}}
supabase() {{ {supabase} "$@"; }}
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A hosted project as far as this machine has one: nothing of ours is in its database yet."""

    gateway: RunningGateway
    database_url: str


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    with (
        new_database(cluster, "platform") as name,
        running_gateway(cluster, name, tmp_path / "objects", is_bare=True) as gateway,
    ):
        yield Project(gateway, cluster.url(name, login="postgres"))


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path / "reader") as home:
        yield home


def script(port: int, provider: str) -> str:
    """Return the page's commands, in order."""
    page = "".join(BLOCK.findall((DOCS / "hosted.md").read_text(encoding="utf-8")))
    page = page.replace(":8000/", f":{port}/").replace("--port 8000", f"--port {port}")
    page = page.replace(
        "--provider openai ", f"--provider openai-compatible --base-url {provider} "
    )
    supabase = " ".join(supabase_command())
    return PRELUDE.format(python=sys.executable, port=port, supabase=supabase) + page


async def test_the_pages_steps_lead_from_an_empty_database_to_an_answer(
    project: Project, machine: Home
) -> None:
    keys, port = project.gateway.cluster.keys, free_port()
    environment = {
        **node_environment(),
        **machine.environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{node_environment()['PATH']}",
        "SUPABASE_URL": project.gateway.url,
        "SUPABASE_DB_URL": project.database_url,
        "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
        "SUPABASE_SECRET_KEY": keys.secret_key,
        "POCKETLLM_PRIVATE_PROJECT": "on",
        "PASSWORD": "correct horse battery",
        "OPENAI_API_KEY": "sk-canary-0123456789",
    }
    async with Upstream().running() as upstream:
        process = await _run(script(port, upstream.base_url), environment)

    logs = "".join(path.read_text() for path in machine.folder.glob("*.log"))
    told = process.stdout + process.stderr + logs
    assert process.returncode == 0, told
    assert "ok      bucket" in process.stdout
    assert "word0 word1 word2" in process.stdout
    assert "Everything works" in process.stdout
    assert "sk-canary" not in told
    assert "Not started" not in logs
    assert [request["model"] for request in upstream.requests] == ["gpt-5-mini"] * 2
    rows = project.gateway.run_sql(
        "select u.email, c.title, m.role, m.content from public.messages as m"
        " join public.chats as c on c.id = m.chat_id join auth.users as u on u.id = c.user_id"
        " order by m.seq"
    )
    question = "What is the capital of France?"
    assert rows == [
        ("ada@example.org", question, "user", question),
        ("ada@example.org", question, "assistant", "word0 word1 word2 "),
    ]
    assert not any(PREFIX in str(row) for row in rows)


async def _run(text: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", text],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
