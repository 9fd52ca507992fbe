"""`pocketllm smoke`: tries everything once, for CI and after a deployment."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.suggestions import suggest_models
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import ExitCode, LocalFileProblem
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.spinner import Spinner

if TYPE_CHECKING:
    from pocketllm_cli.api.client import Api
    from pocketllm_cli.smoke.report import SmokeReport
    from pocketllm_cli.smoke.run import SmokeWishes

_MARKS: Final = {"ok": "ok", "failed": "FAILED", "skipped": "-"}
_STOPPED: Final = "Stopped; what was made is removed again."

smoke = single()


@verb(
    smoke,
    "smoke",
    "pocketllm smoke",
    "pocketllm smoke --model fast --no-image --json",
    "pocketllm --context staging smoke --junit smoke.xml",
)
def try_everything(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="The model config to ask; else the default.",
            autocompletion=suggest_models,
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the report as JUnit XML, too."),
    ] = None,
    image: Annotated[
        bool | None,
        typer.Option(
            "--image/--no-image",
            help="Make an image, which costs; else only where a model config makes images.",
        ),
    ] = None,
    sweep_after: Annotated[
        float,
        typer.Option(
            "--sweep-after",
            metavar="SECONDS",
            min=0,
            help="Remove what killed runs left that began longer ago.",
        ),
    ] = 900.0,
) -> None:
    """Sign in, ask, read, store, listen, and remove it all again.

    POCKETLLM_EMAIL and POCKETLLM_PASSWORD together sign in for this run alone; else the session
    is used. The exit code is that of the first step that failed.
    """
    from pocketllm_cli.smoke.run import SmokeWishes

    app = app_of(ctx)
    is_given = app.settings.access_token is None and not app.context.is_embedded
    wishes = SmokeWishes(
        model=model,
        with_image=image,
        sweep_seconds=sweep_after,
        email=app.settings.email if is_given else None,
        password=app.settings.password if is_given else None,
    )
    exit_code = _run(app, wishes, junit)
    if exit_code != ExitCode.OK:
        raise typer.Exit(int(exit_code))


def _run(app: App, wishes: "SmokeWishes", junit: Path | None) -> ExitCode:
    from pocketllm_cli.api.client import Api
    from pocketllm_cli.interrupts import stoppable
    from pocketllm_cli.smoke.run import SmokeRun

    runs: list[SmokeRun] = []

    def open_as(token: str) -> AbstractAsyncContextManager["Api"]:
        return app.open_api(app.context, fixed_token=token)

    async def work(api: Api) -> ExitCode:
        run = SmokeRun(api, wishes, open_as)
        runs.append(run)
        spinner = Spinner(app.console, "Trying everything")
        spinner.start()
        try:
            async with stoppable() as signals:
                signals.outcome = _STOPPED
                await run.run()
        finally:
            spinner.stop()
        return run.exit_code

    try:
        return app.run(work)
    finally:
        for run in runs:
            _tell(app, run.report(), junit)


def _tell(app: App, report: "SmokeReport", junit: Path | None) -> None:
    if junit is not None:
        from pocketllm_cli.smoke.junit import render_junit

        try:
            junit.write_text(render_junit(report), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or "unknown"
            raise LocalFileProblem(f"Could not write {junit}: {reason}.") from error
    app.console.emit(report, _as_text)


def _as_text(report: "SmokeReport", page: Page) -> str:
    widest = max(len(step.step) for step in report.steps)
    lines = []
    for step in report.steps:
        head = f"{_MARKS[step.state]:<6}  {step.step:<{widest}}  {step.seconds:6.2f} s"
        lines.append(f"{head}  {clean_line(step.detail)}")
        if step.fix:
            indent = " " * len(head)
            lines += [f"{indent}  {line}" for line in step.fix.splitlines()]
    end = "Everything works" if report.is_ok else "Not everything works"
    return "\n".join([*lines, f"{end}; {report.seconds:.2f} s."])
