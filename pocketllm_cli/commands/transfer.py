"""`pocketllm transfer`: everything of one account, to an account at another backend."""

import asyncio
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.suggestions import suggest_contexts
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.errors import NotTransferred, UsageProblem

if TYPE_CHECKING:
    from pocketllm_cli.models import Context, ModelConfig
    from pocketllm_cli.transfer.models import HandOver
    from pocketllm_cli.transfer.report import Report

app = single()


@verb(
    app,
    "transfer",
    "pocketllm transfer --from embedded --to work --dry-run",
    "pocketllm transfer --from embedded --to work --json",
)
def transfer(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="CONTEXT",
            help="Where it is now.",
            autocompletion=suggest_contexts,
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="CONTEXT",
            help="Where it shall be too.",
            autocompletion=suggest_contexts,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be brought over.")
    ] = False,
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Seal the keys of the embedded backend for the target."),
    ] = False,
    to_folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --with-keys: of a target that is embedded too."),
    ] = None,
) -> None:
    """Bring everything from one backend to another.

    That is the profile, model configs, chats, files, pictures, and jobs that are over. Nothing is
    removed at the source; what was brought over is read back and compared. A transfer that was
    stopped is taken up by the same command. Keys stay sealed where they are: on a terminal each is
    asked for anew, else `models edit` gives it later. With --with-keys who holds the master keys of
    both sides has them sealed anew: SUPABASE_DB_URL and POCKETLLM_MASTER_KEYS are the target's.
    """
    app = app_of(ctx)
    if source == target:
        raise UsageProblem("--from and --to are the same context.", hint="`pocketllm context`")
    if to_folder is not None and not with_keys:
        raise UsageProblem("--to-folder is for --with-keys.", hint="Add `--with-keys`.")
    here, there = app.contexts.get(source), app.contexts.get(target)
    app.invocation.has_two_contexts = True
    hand_over = _key_handover(app, here, there, to_folder) if with_keys else None
    app.invocation.farewell = None if dry_run else "Stopped. The same command goes on from here."
    report = asyncio.run(_run(app, here, there, hand_over, dry_run=dry_run))
    app.console.show_briefly("")
    app.console.emit(report, lambda report, page: _as_text(report, target, page, is_dry=dry_run))
    if report.left and not dry_run:
        raise NotTransferred


def _key_handover(app: App, here: "Context", there: "Context", folder: Path | None) -> "HandOver":
    from pocketllm_cli.commands.transfer_keys import key_handover  # rarely asked for

    return key_handover(app, here, there, folder)


async def _run(
    app: App, source: "Context", target: "Context", hand_over: "HandOver | None", *, dry_run: bool
) -> "Report":
    from pocketllm_cli.transfer.run import Wishes
    from pocketllm_cli.transfer.run import transfer as bring_over

    wishes = Wishes(
        ask_key=lambda config: None if hand_over else _ask_key(app, config),
        tell=(lambda report, place: _tell(app, report, place)) if app.console.can_animate else None,
        hand_over=hand_over,
        is_dry=dry_run,
    )
    async with app.open_api(source) as here, app.open_api(target) as there:
        return await bring_over(here, there, wishes)


def _ask_key(app: App, config: "ModelConfig") -> str | None:
    if not app.console.can_ask:
        return None
    question = f"Key of “{config.name}” ({config.provider}; Enter leaves it out):"
    return app.console.ask_secret(question).strip() or None


def _tell(app: App, report: "Report", place: str) -> None:
    new = f"{report.messages:,} new messages, {report.files:,} new files"
    app.console.show_briefly(f"Transferring: {place}; {new} …")


def _counts(report: "Report") -> str:
    counted = (
        (report.models, "model config"),
        (report.chats, "chat"),
        (report.messages, "message"),
        (report.files, "file"),
        (report.jobs, "job"),
    )
    parts = [f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counted]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _as_text(report: "Report", target: str, page: Page, *, is_dry: bool) -> str:
    deed = "Would bring over" if is_dry else "Brought over and compared"
    lines = [f"{deed}: {_counts(report)}."]
    if there := report.already_there:
        lines.append(f"{there:,} {'was' if there == 1 else 'were'} there already.")
    if report.keys_handed_over:
        lines.append(f"Keys were sealed for the target: {', '.join(report.keys_handed_over)}.")
    for name in () if is_dry else report.keys_needed:
        lines.append(
            f"“{name}” needs its key: pocketllm --context {target} models edit {quote(name)}"
            " --key-stdin"
        )
    if is_dry and report.keys_needed:
        lines.append(f"Keys are needed for: {', '.join(report.keys_needed)}.")
    if report.left:
        rows = [(one.kind, one.name, one.reason) for one in report.left]
        lines += ["", "Not brought over:", page.table(("KIND", "NAME", "WHY"), rows)]
    return "\n".join(lines)
