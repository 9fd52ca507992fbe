"""`pocketllm doctor`: what works, what does not, and the command that mends it."""

from typing import Final

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import ExitCode
from pocketllm_cli.models import Finding
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.spinner import Spinner

_MARKS: Final = {"ok": "ok", "failed": "FAILED", "skipped": "-"}

doctor = single()


@verb(doctor, "doctor", "pocketllm doctor", "pocketllm doctor --json | jq '.[] | select(.fix)'")
def examine_all(ctx: typer.Context) -> None:
    """Tell what works, what does not, and the command that mends it.

    Ends with 1 if something does not. The default model is asked something short.
    """
    app = app_of(ctx)
    findings = _examine(app)
    app.console.emit(findings, _as_text)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(int(ExitCode.FAILURE))


def _examine(app: App) -> list[Finding]:
    from pocketllm_cli.api.client import Api
    from pocketllm_cli.checkup import examine

    async def work(api: Api) -> list[Finding]:
        spinner = Spinner(app.console, "Checking")
        spinner.start()
        try:
            return await examine(app, api)
        finally:
            spinner.stop()

    return app.run(work)


def _as_text(findings: list[Finding], page: Page) -> str:
    widest = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        mark = f"{_MARKS[finding.state]:<6}  {finding.check:<{widest}}"
        lines.append(f"{mark}  {clean_line(finding.detail)}")
        if finding.fix:
            lines += [f"{'':<6}  {'':<{widest}}  {line}" for line in finding.fix.splitlines()]
    return "\n".join(lines)
