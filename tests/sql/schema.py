"""The dump of what all migrations make: `python -m tests.sql.schema --write` renews it."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from backend_functions.db.migrate import sql_folder
from backend_functions.embedded.account import packaged_programs
from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster, running_cluster

SCHEMA_FILE = sql_folder() / "schema.sql"

_HEADER = "-- What the migrations make of our schemas; `make schema` renews it.\n\n"
_VARYING = re.compile(
    r"^(--|--$|-- Dumped .*|-- PostgreSQL database dump.*|\\(un)?restrict .*)$|^SET .*;$"
    r"|^SELECT pg_catalog\.set_config\('search_path', '', false\);$",
    re.MULTILINE,
)


def dump_schema(cluster: Cluster, database: str) -> str:
    """Return the definitions of our schemas, without what differs between runs."""
    done = subprocess.run(
        [
            str(packaged_programs() / "pg_dump"),
            *("--schema-only", "--no-owner"),
            *(f"--schema={schema}" for schema in ("public", "private", "search", "audit")),
            cluster.url(database, login=SUPERUSER),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return _HEADER + re.sub(r"\n{3,}", "\n\n", _VARYING.sub("", done.stdout)).strip() + "\n"


def main() -> None:
    """Print the schema of a new database, or write it to the file."""
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        text = dump_schema(cluster, "template")
    if "--write" in sys.argv:
        SCHEMA_FILE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
