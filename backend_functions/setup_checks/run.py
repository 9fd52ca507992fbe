"""All checks of the setup, in the order in which they are told."""

import asyncio
import time
from typing import Final

from backend_functions.settings import Settings
from backend_functions.setup_checks.addresses import check_address
from backend_functions.setup_checks.database import DatabaseUnreachable, check_database
from backend_functions.setup_checks.finding import Finding
from backend_functions.setup_checks.lasting import check_lasting
from backend_functions.setup_checks.secret_checks import check_secrets

_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 1.0


class UnsafeSetup(Exception):
    """The server must not start like this; the message is a line for each thing to mend."""


async def check_setup(settings: Settings, *, wait_seconds: float = 0.0) -> list[Finding]:
    """Return what every check found.

    Args:
        wait_seconds: How long to wait for a database that does not answer yet.
    """
    own = [check_address(settings), *check_secrets(settings)]
    return own + await _ask_database(settings, time.monotonic() + wait_seconds)


async def require_safe_setup(settings: Settings, *, is_worker: bool = False) -> None:
    """Return when nothing is wrong.

    Args:
        is_worker: It is for a worker, which needs connections that last.

    Raises:
        UnsafeSetup: Something is, or the database has not answered for half a minute.
    """
    findings = await check_setup(settings, wait_seconds=_PATIENCE_SECONDS)
    if is_worker and all(finding.is_ok for finding in findings):
        findings.append(await check_lasting(settings.database_url))
    if wrong := [finding for finding in findings if not finding.is_ok]:
        raise UnsafeSetup(tell(wrong))


def tell(findings: list[Finding]) -> str:
    """Return findings as text: a line for each, and below it what mends it."""
    widest = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        mark = "ok" if finding.is_ok else "FAILED"
        lines.append(f"{mark:<6}  {finding.check:<{widest}}  {finding.detail}")
        if finding.fix:
            lines.append(f"{'':<6}  {'':<{widest}}  {finding.fix}")
    return "\n".join(lines)


async def _ask_database(settings: Settings, deadline: float) -> list[Finding]:
    while True:
        try:
            return await check_database(settings.database_url)
        except DatabaseUnreachable:
            if time.monotonic() >= deadline:
                return [_no_database()]
            await asyncio.sleep(_PAUSE_SECONDS)


def _no_database() -> Finding:
    return Finding(
        "database",
        "It does not answer, or does not take the login.",
        "Check SUPABASE_DB_URL: host, port, login and password.",
    )
