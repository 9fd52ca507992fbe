"""A data folder whose database was made by another major version of PostgreSQL."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_functions.embedded.account import packaged_programs
from tests.support.home import Home, home_in

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def ours() -> int:
    """The major version of the PostgreSQL that is installed."""
    told = subprocess.run(
        [str(packaged_programs() / "postgres"), "--version"], capture_output=True, text=True
    )
    found = re.search(r" (\d+)\.", told.stdout)
    assert found is not None
    return int(found[1])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path) as home:
        yield home


@pytest.mark.parametrize(
    ("newer_by", "way_out"),
    [
        (-1, "hint: Install the version of PocketLLM that you had, run `pocketllm admin backup"),
        (1, "hint: A newer PocketLLM made it: `pip install --upgrade"),
    ],
    ids=["older", "newer"],
)
def test_data_of_another_postgresql_is_left_alone_and_the_way_out_is_told(
    home: Home, ours: int, newer_by: int, way_out: str
) -> None:
    cluster = home.backend_folder / "postgres"
    cluster.mkdir(parents=True)
    version = cluster / "PG_VERSION"
    version.write_text(f"{ours + newer_by}\n")

    ran = home.run("chats", "list")

    narrated, error, hint = ran.err.splitlines()
    assert (ran.code, ran.out) == (4, b"")
    assert narrated == "Starting the embedded backend ..."
    assert f"PostgreSQL {ours + newer_by} made its data" in error
    assert f"this installation has PostgreSQL {ours}." in error
    assert hint.startswith(way_out)
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]
    assert version.read_text() == f"{ours + newer_by}\n"
