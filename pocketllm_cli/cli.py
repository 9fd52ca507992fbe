"""The `pocketllm` program: runs one command, and is the one place an error becomes an exit code."""

import sys
from collections.abc import Sequence

from pocketllm_cli.console import Console
from pocketllm_cli.errors import ExitCode, PocketLLMError, ReaderGone, UsageProblem
from pocketllm_cli.invocation import Invocation


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    invocation = Invocation()
    console = Console(invocation)
    try:
        exit_code = _run(argv, invocation, console)
    except PocketLLMError as error:
        console.report(error)
        exit_code = error.exit_code
    except KeyboardInterrupt:
        if invocation.farewell:
            console.narrate(invocation.farewell)
        exit_code = ExitCode.INTERRUPTED
    except ReaderGone:
        exit_code = ExitCode.OK
    except Exception as error:  # the last resort: a person never sees a traceback
        exit_code = _report_unexpected(error, console)
    raise SystemExit(int(exit_code))


def _run(argv: Sequence[str] | None, invocation: Invocation, console: Console) -> int:
    import typer  # in here, so that Ctrl-C during the import ends quietly as well

    from pocketllm_cli.app import App
    from pocketllm_cli.commands.root import app

    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        result = app(
            arguments,
            prog_name="pocketllm",
            standalone_mode=False,
            obj=App(invocation, console),
        )
    except typer.TyperException as error:
        raise _usage_problem(error) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if result == ExitCode.INTERRUPTED:  # what Typer makes of Ctrl-C
        raise KeyboardInterrupt
    return result if isinstance(result, int) else ExitCode.OK


def _usage_problem(error: Exception) -> UsageProblem:
    """Put what the parser found wrong into our words."""
    message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    ctx = getattr(error, "ctx", None)
    hint = f"See `{ctx.command_path} --help`." if ctx else "See `pocketllm --help`."
    if hasattr(error, "option_name") and ctx and ctx.info_name == "ask":
        hint += " Put `--` before a question that begins with a dash."
    return UsageProblem(message, hint=hint)


def _report_unexpected(error: Exception, console: Console) -> int:
    from pocketllm_cli.debug_log import DebugLog
    from pocketllm_cli.paths import Paths
    from pocketllm_cli.settings import Settings

    log = DebugLog(Paths.under(Settings.from_environment().home).logs)
    log.exception(error)
    hint = f"What happened is in {log.path}." if log.path else None
    console.report(PocketLLMError("Something unexpected went wrong.", hint=hint))
    return ExitCode.FAILURE
