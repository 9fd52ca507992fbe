"""`python -m backend_functions.check [--json]`: whether a hosted server may start, and why not."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from backend_functions.settings import InvalidSettings, Settings, read_settings
from backend_functions.setup_checks.finding import Finding
from backend_functions.setup_checks.public_keys import check_public_keys
from backend_functions.setup_checks.run import check_setup, tell


def main() -> int:
    """Print what every check found; returns 1 when something must be mended."""
    parser = argparse.ArgumentParser(prog="python -m backend_functions.check")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    try:
        findings = asyncio.run(_check(read_settings()))
    except InvalidSettings as error:
        findings = [Finding("settings", str(error), "Set it in the server's environment.")]
    if given.json:
        print(json.dumps([asdict(each) | {"is_ok": each.is_ok} for each in findings], indent=2))
    else:
        print(tell(findings))
    return 0 if all(finding.is_ok for finding in findings) else 1


async def _check(settings: Settings) -> list[Finding]:
    # The last one does not keep a server from starting: the auth service may be away for a while.
    return [*await check_setup(settings), await check_public_keys(settings)]


if __name__ == "__main__":
    sys.exit(main())
