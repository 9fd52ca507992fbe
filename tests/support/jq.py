"""`jq` for the examples of the docs, by its library: not every machine has the program."""

import json
import sys
from pathlib import Path

import jq


def put_on_path(folder: Path) -> None:
    """Write a program `jq` into a folder; it knows `-r` and one filter, and reads stdin."""
    program = folder / "jq"
    program.write_text(f"#!{sys.executable}\nfrom tests.support.jq import main\nmain()\n")
    program.chmod(0o755)


def main() -> None:
    is_raw, expression = "-r" in sys.argv[1:-1], sys.argv[-1]
    for value in jq.compile(expression).input_text(sys.stdin.read()):
        print(value if is_raw and isinstance(value, str) else json.dumps(value, indent=2))


if __name__ == "__main__":
    main()
