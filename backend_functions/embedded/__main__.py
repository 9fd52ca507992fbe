"""`python -m backend_functions.embedded --folder PATH`: the whole backend in one process."""

import argparse
import sys
from pathlib import Path

from backend_functions.embedded.launch import launch


def main() -> int:
    """Run until told to stop; returns 0, or 1 when it could not start (backend.json says why)."""
    parser = argparse.ArgumentParser(prog="python -m backend_functions.embedded")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is kept")
    return launch(parser.parse_args().folder.resolve())


if __name__ == "__main__":
    sys.exit(main())
