"""The site is whole, and loads nothing from elsewhere."""

import functools
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.docs.references import DOCS
from tests.support.browser import running_browser

ROOT = DOCS.parent
SETTINGS = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built of the docs as they are."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_every_page_stands_in_the_navigation_once() -> None:
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]

    assert sorted(_pages(SETTINGS["nav"])) == sorted(pages), "mend `nav` in zensical.toml"


def test_every_page_is_built_with_the_pictures_it_shows(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        name = "index" if page.name == "README.md" else page.stem
        assert (site / page.relative_to(DOCS)).with_name(f"{name}.html").is_file()
    for picture in DOCS.rglob("*.svg"):
        assert (site / picture.relative_to(DOCS)).is_file()


def test_a_page_loads_nothing_from_elsewhere(address: str, tmp_path: Path) -> None:
    with running_browser(tmp_path) as browser:
        pages = [browser.visit(f"{address}/{page}.html") for page in ("index", "terminal-app")]

    asked = {each for page in pages for each in page.requests if not each.startswith("data:")}
    assert "PocketLLM" in pages[0].text
    assert any(each.endswith(".js") for each in asked)
    assert all(each.startswith(address) for each in asked), asked


def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Here\n\n[there](index.md#nowhere)\n")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "A site"\n')

    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert built.returncode != 0
    assert "anchor does not exist" in built.stderr


def _pages(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation: names, lists, and titles of either."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _pages(below)
    else:
        for below in nav:
            yield from _pages(below)
