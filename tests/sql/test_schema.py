import pytest

from tests.conftest import Cluster
from tests.sql.schema import SCHEMA_FILE, dump_schema

pytestmark = pytest.mark.db


def test_the_committed_schema_is_what_the_migrations_make(cluster: Cluster) -> None:
    committed = SCHEMA_FILE.read_text(encoding="utf-8")

    assert dump_schema(cluster, "template") == committed, "run: make schema"


def test_nothing_in_the_committed_schema_differs_between_machines() -> None:
    text = SCHEMA_FILE.read_text(encoding="utf-8")

    for varying in ("restrict", "Dumped", "OWNER TO", "SET statement_timeout"):
        assert varying not in text.replace("ON DELETE RESTRICT", "")
