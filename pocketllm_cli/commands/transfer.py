"""`pocketllm transfer`: everything of one account, to an account at another backend."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import NotTransferred, UsageProblem

if TYPE_CHECKING:
    from pocketllm_cli.models import Context, ModelConfig
    from pocketllm_cli.transfer.report import Report

app = single()


@verb(
    app,
    "transfer",
    "pocketllm transfer --from embedded --to work",
    "pocketllm transfer --from embedded --to work --json",
)
def transfer(
    ctx: typer.Context,
    source: Annotated[str, typer.Option("--from", metavar="CONTEXT", help="Where it is now.")],
    target: Annotated[str, typer.Option("--to", metavar="CONTEXT", help="Where it shall be too.")],
) -> None:
    """Bring everything from one backend to another.

    That is the profile, model configs, chats, files, pictures, and jobs that are over. Nothing is
    removed at the source; what was brought over is read back and compared. A transfer that was
    stopped is taken up by the same command. Keys stay sealed where they are: on a terminal each is
    asked for anew, else `models edit` gives it later.
    """
    app = app_of(ctx)
    if source == target:
        raise UsageProblem("--from and --to are the same context.", hint="`pocketllm context`")
    report = asyncio.run(_run(app, app.contexts.get(source), app.contexts.get(target)))
    app.console.show_briefly("")
    app.console.emit(report, lambda report, page: _as_text(report, target, page))
    if report.left:
        raise NotTransferred


async def _run(app: App, source: "Context", target: "Context") -> "Report":
    from pocketllm_cli.transfer.run import transfer as bring_over

    async with app.open_api(source) as here, app.open_api(target) as there:
        return await bring_over(
            here,
            there,
            ask_key=lambda config: _ask_key(app, config),
            tell=lambda report: _tell(app, report),
        )


def _ask_key(app: App, config: "ModelConfig") -> str | None:
    if not app.console.can_ask:
        return None
    question = f"Key of “{config.name}” ({config.provider}; Enter leaves it out):"
    return app.console.ask_secret(question).strip() or None


def _tell(app: App, report: "Report") -> None:
    if app.console.can_animate:
        app.console.show_briefly(f"Transferring: {_counts(report)} …")


def _counts(report: "Report") -> str:
    return (
        f"{report.chats:,} chats with {report.messages:,} messages,"
        f" {report.models:,} model configs, {report.files:,} files, {report.jobs:,} jobs"
    )


def _as_text(report: "Report", target: str, page: Page) -> str:
    lines = [f"Brought over and compared: {_counts(report)}."]
    if report.already_there:
        lines.append(f"{report.already_there:,} were there already.")
    for name in report.keys_needed:
        lines.append(
            f"“{name}” needs its key: pocketllm --context {target} models edit {name} --key-stdin"
        )
    if report.left:
        rows = [(one.kind, one.name, one.reason) for one in report.left]
        lines += ["", "Not brought over:", page.table(("KIND", "NAME", "WHY"), rows)]
    return "\n".join(lines)
