"""The generated pages: `python -m tests.docs.references --write` writes them anew."""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from typer.main import get_command

from backend_functions.errors import ServiceError
from pocketllm_cli.commands.root import Tree, app
from pocketllm_cli.commands.tree import everywhere, load_command
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.exit_codes import render_exit_codes
from pocketllm_cli.tui.keys import KEYS
from tests.docs.api_reference import render_api

DOCS = Path(__file__).resolve().parents[2] / "docs"

NOT_RUN = {
    "pocketllm backend logs": "it goes on until Ctrl-C",
    "pocketllm chats follow": "it needs an answer that is being written",
    "pocketllm login --otp": "it waits for a mail to be read",
    "pocketllm login --provider": "it waits for a page in a browser",
}
"""What begins like this is left out by tests/docs/test_commands_run.py, and why."""


def pages() -> dict[str, str]:
    """Every generated page, by its path below `docs/`."""
    return {
        "commands.md": _commands(),
        "reference/functions-api.md": render_api(),
        "reference/client-errors.md": _client_errors(),
        "reference/errors.md": _errors(),
        "reference/keys.md": _keys(),
        "exit-codes.md": render_exit_codes(),
    }


def command_names() -> set[tuple[str, ...]]:
    """Every command there is, as its words after `pocketllm`."""
    return {tuple(name.split()[1:]) for name, _ in _walk()}


def _walk() -> Iterator[tuple[str, Any]]:
    yield "pocketllm", get_command(app)
    for name, entry in Tree.table.items():
        yield from _below(f"pocketllm {name}", load_command(entry))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from _below(f"{name} {word}", inner)


def _commands() -> str:
    shared = {option.name for option in everywhere()}
    lines = ["# Commands", "", "Generated from the program; `make docs` writes it.", ""]
    lines += ["Every command also takes:", "", *_table(everywhere())]
    for name, command in _walk():
        summary = " ".join((command.help or "").split())
        lines += ["", f"## `{name}`", "", summary]
        own = [param for param in command.params if param.name not in {*shared, "help"}]
        if own:
            lines += ["", *_table(own)]
        if command.epilog:
            examples = re.findall(r"^  (.+)$", command.epilog, re.MULTILINE)
            for reason, together in groupby(examples, _why_not):
                mark = ["", f"<!-- not run: {reason} -->"] if reason else []
                lines += [*mark, "", "```sh", *together, "```"]
    return "\n".join(lines) + "\n"


def _why_not(example: str) -> str | None:
    return next((NOT_RUN[name] for name in NOT_RUN if example.startswith(name)), None)


def _table(params: Any) -> list[str]:
    rows = ["| | |", "|---|---|"]
    for param in params:
        is_option = param.param_type_name == "option"
        name = ", ".join(param.opts) if is_option else (param.metavar or (param.name or "").upper())
        takes_value = is_option and not param.is_flag
        value = f" {param.metavar or (param.name or '').upper()}" if takes_value else ""
        rows.append(f"| `{name}{value}` | {(param.help or '').replace('|', '&#124;')} |")
    return rows


def _errors() -> str:
    lines = ["# Errors of the functions", "", "Generated; `make docs` writes it.", ""]
    lines += ["| code | status | message, unless a better one is at hand |", "|---|---|---|"]
    seen: dict[str, type[ServiceError]] = {}
    for kind in _kinds(ServiceError):
        seen.setdefault(kind.code, kind)
    for code, kind in sorted(seen.items()):
        lines.append(f"| `{code}` | {kind.status} | {kind.default_message} |")
    return "\n".join(lines) + "\n"


def _client_errors() -> str:
    lines = ["# Errors of the client", "", "Generated; `make docs` writes it.", ""]
    lines += [
        "What a command says when it fails, unless it knows better, and what to do about it.",
        "",
    ]
    lines += ["| it says | do | `code` with `--json` | exit code |", "|---|---|---|---|"]
    for kind in _narrower(PocketLLMError):
        sentence, hint = (
            " ".join(text.split()) for text in (kind.default_message, kind.default_hint)
        )
        lines.append(f"| {sentence} | {hint} | `{kind.code}` | {kind.exit_code.value} |")
    return "\n".join(lines) + "\n"


def _narrower(kind: type[PocketLLMError]) -> Iterator[type[PocketLLMError]]:
    if kind.__module__ == "pocketllm_cli.errors":
        yield kind
    for narrower in kind.__subclasses__():
        yield from _narrower(narrower)


def _keys() -> str:
    lines = ["# Keys of the terminal app", "", "Generated; `make docs` writes it.", ""]
    lines += ["Each can be changed under `[keys]`, see [the terminal app](../terminal-app.md).", ""]
    lines += ["| name | keys | does |", "|---|---|---|"]
    for name, key in KEYS.items():
        keys = " ".join(f"`{each}`" for each in key.keys.split(","))
        lines.append(f"| `{name}` | {keys} | {key.description} |")
    return "\n".join(lines) + "\n"


def _kinds(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    if kind.__module__ == "backend_functions.errors":
        yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def main() -> None:
    for name, text in pages().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    main()
