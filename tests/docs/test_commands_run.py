"""Every command of the docs is run as it stands, on a machine with a backend of its own."""

import asyncio
import json
import os
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.belongings import put_files, put_programs, put_repository
from tests.docs.blocks import ROOT, blocks_of, shell_pages
from tests.docs.machine import Machine
from tests.docs.scene import Scene
from tests.support.home import home_in
from tests.support.http_upstream import Writer, whole
from tests.support.serving import served
from tests.support.tavily import Tavily
from tests.support.upstream import Upstream
from tests.support.warm_commands import warm_pocketllm

RUN_ELSEWHERE = {"docs/cookbook.md": "tests/end_to_end/test_cookbook.py"}
PAGES = [page for page in shell_pages() if any(not each.reason for each in blocks_of(page))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

pytestmark = [
    pytest.mark.backend,
    pytest.mark.xdist_group("docs"),
    pytest.mark.timeout(600),  # a page of 72 blocks, on a busy machine
]


class Provider(Upstream):
    """A provider that can also say which models it has."""

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        if self.targets[-1].endswith("/models"):
            models = json.dumps({"data": [{"id": "gpt-5-mini"}, {"id": "code"}]})
            writer.write(whole(200, "application/json", models.encode()))
            await writer.drain()
        else:
            await super().answer(request, writer)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[str, str]]:
    """A provider and a web search on loopback; gives their addresses."""
    upstream, found = Provider(words=5), queue.Queue[str]()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with upstream.running(), served(Tavily().app()) as search:
            found.put(search)
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    search = found.get(timeout=60)
    yield upstream.base_url, search
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def scene(world: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder, (provider, search) = tmp_path_factory.mktemp("docs"), world
    programs = {
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "tests.support.file_keyring.FileKeyring",
        "TERM": "dumb",
        "TAVILY_API_KEY": "tvly-canary",
        "TAVILY_BASE_URL": search,
    }
    put_programs(folder / "bin")
    with home_in(folder, **programs) as home, warm_pocketllm(folder / "bin/pocketllm", folder):
        put_files(folder)
        put_repository(folder, home.environment)
        yield Scene(Machine(home), provider)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RUN_ELSEWHERE])
def test_every_command_of_the_page_does_what_it_says(scene: Scene, name: str) -> None:
    blocks = [block for block in blocks_of(ROOT / name) if block.reason is None]

    done = {block.place: scene.play(block) for block in blocks}

    failed = {place: typed for place, typed in done.items() if typed.code != 0}
    assert len(done) == len(blocks)
    assert not failed, "\n".join(f"{place}: {typed}" for place, typed in failed.items())
