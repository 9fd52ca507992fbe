"""What a word on the command line can be completed to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import typer
from typer._click.shell_completion import (
    CompletionItem,
    _resolve_context,
    _resolve_incomplete,
    split_arg_string,
)
from typer.core import TyperGroup

from pocketllm_cli.app import App
from pocketllm_cli.remembered import Name
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.shell_scripts import FILES


def candidates(app: App, root: Any, words: Sequence[str]) -> list[Name]:
    """Return what the last of these words, which may be empty, can become, and what that means.

    Where a path is wanted, FILES is all there is.

    Args:
        root: The command of the whole program.
        words: Those after the program's name.
    """
    *before, unfinished = words or [""]
    try:
        ctx = _resolve_context(root, {"obj": app}, "pocketllm", before)
    except typer.TyperException:  # something before it is wrong already
        return []
    if isinstance(ctx.command, TyperGroup) and (ctx._protected_args or ctx.args):
        return []  # a command that is not there
    target, beginning = _resolve_incomplete(ctx, before, unfinished)
    prefix = unfinished[: len(unfinished) - len(beginning)]  # as in --context=wo
    if _wants_path(target):
        return [(FILES, "")]
    items: list[CompletionItem] = target.shell_complete(ctx, beginning)
    return [(prefix + str(item.value), clean_line(item.help or "")) for item in items]


def words_of(line: str) -> list[str]:
    """Return the words of an unfinished command line after the first, the last one unfinished."""
    words = split_arg_string(line)
    if line.endswith((" ", "\t")) or len(words) < 2:
        words.append("")
    return words[1:]


def _wants_path(target: Any) -> bool:
    """Say so of a path, and of what is called FILE though it may also be a pattern or `-`."""
    if (getattr(target, "metavar", None) or "").startswith("FILE"):
        return True
    annotation = getattr(getattr(target, "type_descriptor", None), "annotation", None)
    return Path in (annotation, *get_args(annotation))
