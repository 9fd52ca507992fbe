"""Addresses that are good for a while, for `images link` and `files link`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from pocketllm_cli.app import App
from pocketllm_cli.contexts import is_local
from pocketllm_cli.durations import duration_told, parse_duration

MOST_SECONDS: Final = 365 * 86_400

ExpiresOption = Annotated[
    str,
    typer.Option("--expires", metavar="TIME", help="For how long: 90s, 15m, 2h, 7d."),
]


def seconds_of(expires: str) -> int:
    """Return for how many seconds a link is to be good.

    Raises:
        UsageProblem: That is no length of time.
    """
    return parse_duration(expires, most_seconds=MOST_SECONDS)


def emit_link(app: App, path: str, url: str, seconds: int) -> None:
    """Print a link, and say on stderr what it allows."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    record = {"path": path, "url": url, "expires_at": until.isoformat(timespec="seconds")}
    app.console.emit(record, lambda record, page: url)
    app.console.narrate(f"For {duration_told(seconds)} anybody who has it gets this one file.")
    if is_local(url):
        app.console.narrate("The backend is on this machine: it works here only.")
