"""Goes through every flow of the product with an unmodified client, against any backend."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.contract.node import node_command, node_environment
from tests.support.upstream import Upstream

Steps = dict[str, dict[str, Any]]

CLIENTS = ("supabase-js", "supabase-py")
_HERE = Path(__file__).parent


async def go_through(client: str, backend: dict[str, str]) -> Steps:
    """Run all flows once as a new user and return what each step saw.

    Args:
        backend: SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY and MAIL_FOLDER.
    """
    command, environment = _program(client)
    async with Upstream().running() as provider:
        mine = {"PROVIDER_URL": provider.base_url, "EMAIL": f"{uuid4().hex}@example.com"}
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment | backend | mine,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), timeout=90)
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0, out.decode() + err.decode()
    steps = [json.loads(line) for line in out.splitlines()]
    told = {"provider": {"last_request": json.dumps(provider.requests[-1])}}
    return told | {step.pop("step"): step for step in steps}


def _program(client: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that goes through all flows with a client, and its environment."""
    if client == "supabase-js":
        return node_command(_HERE / "flows.mjs"), node_environment()
    return [sys.executable, "-m", "tests.contract.flows"], dict(os.environ)
