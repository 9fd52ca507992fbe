"""No command of the docs hides from the tests: each is in a block that is run, or says why not."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks_of, shell_pages
from tests.docs.test_commands_run import NAMES, RUN_ELSEWHERE
from tests.end_to_end.test_cookbook import EXAMPLES

FENCE = re.compile(r"^\s*```+ *(\w*)\n(.*?)^\s*```+$", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "bash", "console", "shell", "zsh", "fish", "shell-session"}
IDS = [page.relative_to(ROOT).as_posix() for page in shell_pages()]


@pytest.mark.parametrize("page", shell_pages(), ids=IDS)
def test_every_block_of_a_shell_is_one_the_tests_see(page: Path) -> None:
    fences = FENCE.findall(page.read_text("utf-8"))

    seen = {(block.place, block.text) for block in blocks_of(page, whole=True)}

    assert len(seen) == sum(language in SHELLS for language, _ in fences)


@pytest.mark.parametrize("page", shell_pages(), ids=IDS)
def test_no_command_stands_in_a_block_of_something_else(page: Path) -> None:
    for language, text in FENCE.findall(page.read_text("utf-8")):
        if language not in SHELLS:
            assert not re.search(r"^(\$ |pocketllm |python -m )", text, re.MULTILINE), text


@pytest.mark.parametrize("page", shell_pages(), ids=IDS)
def test_every_reason_belongs_to_a_block(page: Path) -> None:
    marks = len(re.findall(r"^\s*<!-- not run", page.read_text("utf-8"), re.MULTILINE))

    reasons = [block.reason for block in blocks_of(page, whole=True) if block.reason]

    assert len(reasons) == marks
    assert all(len(reason.split()) > 2 for reason in reasons)


def test_every_page_with_commands_is_run() -> None:
    pages = {
        block.page for page in shell_pages() for block in blocks_of(page) if block.reason is None
    }

    assert pages == {*NAMES, *RUN_ELSEWHERE}
    assert [block.text for block in blocks_of(ROOT / "docs/cookbook.md")] == list(EXAMPLES.values())
