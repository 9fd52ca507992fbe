"""`python -m backend_functions.check [--worker] [--json]`: whether a hosted server may start."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from backend_functions.settings import InvalidSettings, Settings, read_settings
from backend_functions.setup_checks.finding import Finding
from backend_functions.setup_checks.lasting import check_lasting
from backend_functions.setup_checks.public_keys import check_public_keys
from backend_functions.setup_checks.run import check_setup, tell


def main() -> int:
    """Print what every check found; returns 1 when something must be mended."""
    parser = argparse.ArgumentParser(prog="python -m backend_functions.check")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--worker", action="store_true", help="also what only a worker needs")
    given = parser.parse_args()
    try:
        findings = asyncio.run(_check(read_settings(), is_worker=given.worker))
    except InvalidSettings as error:
        findings = [Finding("settings", str(error), "Set it in the server's environment.")]
    if given.json:
        print(json.dumps([asdict(each) | {"is_ok": each.is_ok} for each in findings], indent=2))
    else:
        print(tell(findings))
    return 0 if all(finding.is_ok for finding in findings) else 1


async def _check(settings: Settings, *, is_worker: bool) -> list[Finding]:
    findings = await check_setup(settings)
    if is_worker:
        findings.append(await check_lasting(settings.database_url))
    # This one does not keep a server from starting: the auth service may be away for a while.
    return [*findings, await check_public_keys(settings)]


if __name__ == "__main__":
    sys.exit(main())
