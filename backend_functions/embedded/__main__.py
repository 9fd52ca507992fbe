"""`python -m backend_functions.embedded --folder PATH`: the whole backend in one process."""

import argparse
import sys
from pathlib import Path

from backend_functions.embedded.account import delete_system_cluster
from backend_functions.embedded.launch import launch


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop; returns 0, or 1 when it could not start (backend.json says why)."""
    parser = argparse.ArgumentParser(prog="python -m backend_functions.embedded")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    parser.add_argument(
        "--delete-outside",
        action="store_true",
        help="delete what a stopped backend keeps outside its folder, and start nothing",
    )
    given = parser.parse_args(arguments)
    if not given.delete_outside:
        return launch(given.folder.resolve())
    try:
        delete_system_cluster(given.folder)
    except OSError as error:
        print(f"Could not delete {error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
