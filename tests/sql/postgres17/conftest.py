"""The same databases as for the proofs on the newest PostgreSQL, on version 17."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.postgres17 import running_postgres17


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these in one worker, since they share a PostgreSQL that only they have."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("postgres17"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_postgres17(tmp_path_factory.mktemp("postgres17")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def rolled_back_database(cluster: Cluster) -> Iterator[str]:
    with new_database(cluster) as name:
        yield name


@pytest.fixture(scope="module")
def module_database(cluster: Cluster) -> Iterator[str]:
    with new_database(cluster) as name:
        yield name
