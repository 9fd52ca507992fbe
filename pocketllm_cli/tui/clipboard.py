"""Puts text into the clipboard by the way that works where we are, and says which way it was.

On this machine the system's own tool. Over SSH the terminal itself (OSC 52), through tmux where
that is between. Where neither can be, a file.
"""

import asyncio
import base64
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pocketllm_cli.private_files import write_private
from pocketllm_cli.settings import TerminalSettings

_TOOL_SECONDS: Final = 3.0
_MOST_OSC_BYTES: Final = 74_994
"""Terminals take about 100 KB of base64; xterm and tmux drop what is longer."""


@dataclass(slots=True)
class Clipboard:
    """The ways out.

    Args:
        fallback: The file that is written as a last resort.
        write: Writes a control sequence to the terminal; None where there is none.
    """

    settings: TerminalSettings
    fallback: Path
    write: Callable[[str], None] | None = None

    async def copy(self, text: str) -> str:
        """Copy and return how, for a notice: "with wl-copy", "through the terminal".

        Raises:
            LocalFileProblem: Every way failed.
        """
        if not self.settings.is_remote:
            for command in tools_for(self.settings):
                if await _runs(command, text):
                    return f"with {command[0]}"
        if self.settings.is_in_tmux and await _runs(["tmux", "load-buffer", "-w", "-"], text):
            return "with tmux, which hands it to the terminal"
        if self.write is not None and len(text.encode()) <= _MOST_OSC_BYTES:
            self.write(osc52(text))
            return "through the terminal (OSC 52), if it allows that"
        write_private(self.fallback, text)
        return f"to the file {self.fallback}"


def tools_for(settings: TerminalSettings) -> list[list[str]]:
    """Return the commands of this machine that take a text on stdin for its clipboard."""
    candidates = [["pbcopy"], ["clip.exe"]]
    if settings.has_wayland:
        candidates.append(["wl-copy"])
    if settings.has_x11:
        candidates += [["xclip", "-selection", "clipboard"], ["xsel", "-b", "-i"]]
    return [command for command in candidates if shutil.which(command[0])]


def osc52(text: str) -> str:
    """Return the sequence that asks the terminal to copy."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"


async def _runs(command: list[str], text: str) -> bool:
    """Hand a text to a command; False if it is not there or fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_TOOL_SECONDS):
            await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        return False
    return process.returncode == 0
