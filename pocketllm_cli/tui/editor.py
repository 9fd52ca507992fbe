"""Hands a text to the editor that the environment names, and takes back what became of it."""

import shlex
import subprocess
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from pocketllm_cli.errors import LocalFileProblem, UsageProblem
from pocketllm_cli.sanitize import clean_text


def write_in_editor(text: str, editor: str | None, suspended: AbstractContextManager[None]) -> str:
    """Return the text as it was left in the editor.

    Args:
        editor: A command line; the file's path is put behind it.
        suspended: Gives the terminal away for as long as it is entered.

    Raises:
        UsageProblem: No editor is named, or it cannot be started.
        LocalFileProblem: The file cannot be read again.
    """
    if not editor:
        raise UsageProblem("No editor is named.", hint="Set EDITOR, such as `export EDITOR=nano`.")
    with tempfile.TemporaryDirectory(prefix="pocketllm-") as folder:  # 0700
        path = Path(folder) / "prompt.md"
        path.write_text(text, "utf-8")
        with suspended:
            try:
                subprocess.run([*shlex.split(editor), str(path)], check=True)  # noqa: S603 # theirs
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                raise UsageProblem(
                    f"The editor “{editor}” failed.", hint="Check EDITOR and VISUAL."
                ) from error
        try:
            return clean_text(path.read_text("utf-8"), for_terminal=False).rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise LocalFileProblem("What the editor wrote cannot be read.") from error
