import re
from itertools import takewhile
from pathlib import Path

import pytest

from tests.docs.references import DOCS, command_names, pages

ROOT = DOCS.parent
WRITTEN = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_fresh(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_command_in_the_docs_exists(path: Path) -> None:
    names = command_names()
    for block in BLOCK.findall(path.read_text(encoding="utf-8")):
        for call in re.findall(r"pocketllm ([a-z].*?)(?:$|[|#&])", block, re.MULTILINE):
            words = tuple(takewhile(re.compile(r"[a-z][a-z-]*").fullmatch, call.split()))
            meant = max((name for name in names if words[: len(name)] == name), key=len)
            verbs = {name for name in names if name[: len(meant)] == meant and name != meant}

            # Nothing but an argument follows a command, and no argument a noun.
            assert meant, f"{path.name}: pocketllm {call}"
            assert meant == words or not verbs, f"{path.name}: pocketllm {call}"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_link_between_pages_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_page_that_the_program_names_is_there() -> None:
    for package in ("pocketllm_cli", "backend_functions", "sql"):
        for path in (ROOT / package).rglob("*"):
            if path.suffix in {".py", ".sql", ".toml"}:
                for named in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text("utf-8")):
                    assert (ROOT / named).is_file(), f"{path.name}: {named}"


def test_a_page_of_the_site_leads_only_to_pages_of_the_site() -> None:
    for page in DOCS.rglob("*.md"):
        for target in LINK.findall(page.read_text("utf-8")):
            if not target.startswith(("http://", "https://")):
                assert DOCS in (page.parent / target).resolve().parents, f"{page.name}: {target}"
