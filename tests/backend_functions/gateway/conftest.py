"""One gateway with all services for every test that does not need one of its own."""

from collections.abc import Iterator

import pytest

from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.gateway import RunningGateway, running_gateway


@pytest.fixture(scope="session")
def gateway(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("gateway") / "objects"
    with new_database(cluster) as name, running_gateway(cluster, name, folder) as gateway:
        yield gateway
