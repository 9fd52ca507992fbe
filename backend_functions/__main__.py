"""`python -m backend_functions [--host HOST] [--port PORT]`: a hosted server."""

import argparse
import sys

from backend_functions.hosted import serve_hosted
from backend_functions.settings import InvalidSettings, read_settings
from backend_functions.setup_checks import UnsafeSetup


def main() -> int:
    """Run until told to stop; returns 1 when a setting cannot be right, or the setup is unsafe."""
    parser = argparse.ArgumentParser(prog="python -m backend_functions")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=8000, help="port to listen at")
    given = parser.parse_args()
    try:
        settings = read_settings()
    except InvalidSettings as error:
        print(error, file=sys.stderr)
        return 1
    try:
        serve_hosted(settings, host=given.host, port=given.port)
    except UnsafeSetup as unsafe:
        print(f"Not started:\n{unsafe}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
