"""A picture drawn among the lines of a terminal, with its own graphics or in half blocks."""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App
from pocketllm_cli.errors import UnreadablePicture
from pocketllm_cli.models import Job
from pocketllm_cli.pictures import thumbnail
from pocketllm_cli.tui.canvas import Canvas, canvas_of, decoded, picture_renderable
from pocketllm_cli.tui.terminal_answers import ask_terminal

_LINES_LEFT: Final = 6
"""Lines of the screen that a picture leaves to what stands around it."""
_LONGEST_SIDE: Final = 1200


def can_draw(app: App) -> bool:
    """Say whether there is a terminal that shows pictures, and somebody who looks at it."""
    return (
        app.console.is_terminal
        and not app.invocation.as_json
        and not app.settings.is_dumb_terminal
        and not app.settings.no_colour
        and (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    )


def draw_picture_of(app: App, job: Job) -> None:
    """Draw what a job made, where pictures can be drawn.

    Raises:
        PocketLLMError: It cannot be fetched.
    """
    if can_draw(app) and job.picture_path is not None:
        draw(app, app.run(lambda api: _bytes_of(api, job)))


def draw(app: App, data: bytes) -> None:
    """Draw a picture below the last line; one that cannot be decoded is told of instead."""
    try:
        small = thumbnail(data, _LONGEST_SIDE)
    except UnreadablePicture as error:
        app.console.warn(error.message)
        return
    from rich.console import Console  # only where something is drawn

    canvas = _canvas(app)
    console = Console(soft_wrap=False, highlight=False, markup=False, emoji=False)
    picture = decoded(small)
    most_rows = max(console.height - _LINES_LEFT, 4)
    cells = canvas.fit(picture.size, console.width - 1, most_rows)
    app.console.write("")  # what is shown briefly makes room
    console.print(picture_renderable(picture, canvas, cells), end="")


async def _bytes_of(api: Api, job: Job) -> bytes:
    with tempfile.TemporaryDirectory(prefix="pocketllm-") as folder:
        target = Path(folder) / "picture.png"
        await api.images.download(job, target)
        return target.read_bytes()


def _canvas(app: App) -> Canvas:
    """Ask the terminal what it draws with; one that may not be asked draws in blocks."""
    with suppress(OSError, ValueError, AttributeError):
        terminal = sys.stdout.fileno()
        if os.tcgetpgrp(terminal) == os.getpgrp():  # else asking would stop us, in the background
            return canvas_of(ask_terminal(app.settings.terminal, terminal))
    return Canvas()
