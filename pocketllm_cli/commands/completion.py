"""`pocketllm completion`: what bash, zsh and fish need to complete our words."""

import os
import shlex
import sys
import threading
from enum import StrEnum
from typing import Annotated, assert_never

import typer
from typer.main import get_command

from pocketllm_cli.app import app_of
from pocketllm_cli.commands.tree import single, verb
from pocketllm_cli.remembered import Name
from pocketllm_cli.shell_scripts import BASH, FILES, FISH, ZSH

completion = single()


class Shell(StrEnum):
    """A shell."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


_SCRIPTS = {Shell.bash: BASH, Shell.zsh: ZSH, Shell.fish: FISH}


@verb(
    completion,
    "completion",
    'eval "$(pocketllm completion bash)"    # in ~/.bashrc',
    "pocketllm completion zsh > ~/.zfunc/_pocketllm",
    "pocketllm completion fish > ~/.config/fish/completions/pocketllm.fish",
)
def print_script(
    ctx: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORD]...", help="As the script asks: print what the last can become."
        ),
    ] = None,
) -> None:
    """Print the script with which a shell completes commands, chats, models and contexts.

    Names come from the backend if it answers within 0.3 seconds, else those of last time.
    """
    app = app_of(ctx)
    if words is None or not words:
        app.console.write(_SCRIPTS[shell])
        return
    from pocketllm_cli.commands.candidates import candidates, words_of
    from pocketllm_cli.commands.root import app as root

    asked = words_of(words[0]) if shell is Shell.bash else words
    found = candidates(app, get_command(root), asked)
    app.console.write("".join(f"{line}\n" for line in _lines(shell, found, words, asked[-1])))
    _end_now_if_asking()


def _end_now_if_asking() -> None:
    """Do not wait for a question that is still out: the interpreter's end would, for a lookup."""
    asking = sys.modules.get("pocketllm_cli.at_hand")
    if asking and any(thread.name == asking.THREAD_NAME for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(0)


def _lines(shell: Shell, found: list[Name], words: list[str], unfinished: str) -> list[str]:
    """Return what the script of this shell reads: FILES, or a candidate a line."""
    if found == [(FILES, "")]:
        return [FILES]
    match shell:
        case Shell.bash:
            return _for_bash(found, unfinished, *words[1:3])
        case Shell.zsh:
            return [f"{_for_describe(value)}:{about}" for value, about in found]
        case Shell.fish:
            return [f"{value}\t{about}" if about else value for value, about in found]
        case _:
            assert_never(shell)


def _for_describe(value: str) -> str:
    """Return a value as zsh's `_describe` reads it: up to the first colon that is not escaped."""
    return value.replace("\\", "\\\\").replace(":", "\\:")


def _for_bash(
    found: list[Name], unfinished: str, word: str = "", kind_of_completion: str = ""
) -> list[str]:
    """Return candidates as bash puts them in: it knows no descriptions, so they are appended.

    Args:
        word: The word as bash sees it, which ends at `:` and `=` where ours goes on.
        kind_of_completion: COMP_TYPE; with 37 and 42 the candidates are put in one by one.
    """
    bare = word.strip("\"'").lstrip("=:")  # where one of these stands alone, bash begins behind it
    left_out = unfinished[: -len(bare)] if bare and unfinished.endswith(bare) else ""
    if not bare and unfinished.endswith(("=", ":")):
        left_out = unfinished
    values = [value.removeprefix(left_out) for value, _ in found]
    if len(found) == 1 or kind_of_completion in ("37", "42"):
        is_quoted = word.startswith(("'", '"'))
        return [value if is_quoted else shlex.quote(value) for value in values]
    widest = max(map(len, values), default=0)
    return [
        f"{value.ljust(widest)}  ({about})" if about else value
        for value, (_, about) in zip(values, found, strict=True)
    ]
