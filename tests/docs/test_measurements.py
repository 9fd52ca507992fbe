"""What the pages say can be measured, can."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import MEASUREMENTS

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMMAND = re.compile(r"python -m tests\.benchmarks ([a-z ]+)`")
NAMED = {
    name
    for page in DOCS.rglob("*.md")
    for names in COMMAND.findall(page.read_text("utf-8"))
    for name in names.split()
}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_measurement_that_a_page_names_can_be_asked_for(name: str) -> None:
    assert callable(MEASUREMENTS[name])
