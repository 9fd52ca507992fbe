"""Every command of the docs is run as it stands, on a machine with a backend of its own."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.docs.belongings import put_files, put_programs, put_repository
from tests.docs.blocks import ROOT, blocks_of, shell_pages
from tests.docs.machine import Machine
from tests.docs.scene import Scene
from tests.support.home import home_in
from tests.support.http_upstream import HttpUpstream, Writer, in_a_thread, whole
from tests.support.imagerouter import KEY as IMAGEROUTER_KEY
from tests.support.imagerouter import ImageRouter
from tests.support.upstream import Upstream
from tests.support.warm_commands import warm_pocketllm

RUN_ELSEWHERE = {
    "docs/cookbook.md": "tests/end_to_end/test_cookbook.py",
    "docs/hosted.md": "tests/end_to_end/test_hosted.py",
}
PAGES = [page for page in shell_pages() if any(not each.reason for each in blocks_of(page))]
_ALL_COMMANDS = "docs/commands.md"
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


class Search(HttpUpstream):
    """A web search that always finds something."""

    async def answer(self, request: dict[str, Any], writer: Writer) -> None:
        found = {"results": [{"title": "A page", "url": "https://one.example", "content": "So."}]}
        writer.write(whole(200, "application/json", json.dumps(found).encode()))
        await writer.drain()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        in_a_thread(Provider(words=5)) as provider,
        in_a_thread(Search()) as search,
        in_a_thread(ImageRouter()) as imagerouter,
        _machine(tmp_path_factory.mktemp("docs"), search, imagerouter) as machine,
    ):
        yield Scene(machine, provider.base_url)


@contextmanager
def _machine(folder: Path, search: Search, imagerouter: ImageRouter) -> Iterator[Machine]:
    settings = {
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "tests.support.file_keyring.FileKeyring",
        "TERM": "dumb",
        "TAVILY_API_KEY": "tvly-canary",
        "TAVILY_BASE_URL": f"http://127.0.0.1:{search.port}",
        "IMAGEROUTER_API_KEY": IMAGEROUTER_KEY,
        "IMAGEROUTER_BASE_URL": imagerouter.base_url,
        "IMAGEROUTER_MODEL": "test/test",
    }
    put_programs(folder / "bin")
    with home_in(folder, **settings) as home, warm_pocketllm(folder / "bin/pocketllm", folder):
        put_files(folder)
        put_repository(folder, home.environment)
        machine = Machine(home)
        yield machine
        machine.stop()


def _lines_of_other_pages() -> frozenset[str]:
    """Return what other pages have run by these tests: examples of commands often stand there."""
    pages = [page for page, name in zip(PAGES, NAMES, strict=True) if name != _ALL_COMMANDS]
    blocks = [block for page in pages for block in blocks_of(page) if block.reason is None]
    return frozenset(line.strip() for block in blocks for line in block.text.splitlines())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RUN_ELSEWHERE])
def test_every_command_of_the_page_does_what_it_says(scene: Scene, name: str) -> None:
    elsewhere = _lines_of_other_pages() if name == _ALL_COMMANDS else frozenset()
    blocks = [
        block
        for block in blocks_of(ROOT / name)
        if block.reason is None and block.text.strip() not in elsewhere
    ]

    done = {block.place: scene.play(block) for block in blocks}

    failed = {place: typed for place, typed in done.items() if typed.code != 0}
    assert len(done) == len(blocks)
    assert not failed, "\n".join(f"{place}: {typed}" for place, typed in failed.items())
