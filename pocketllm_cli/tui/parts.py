"""What screens are handed: the road to the backend, what is on disk, and how things are wanted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pocketllm_cli.api.client import Api
from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.canvas import Canvas
from pocketllm_cli.tui.clipboard import Clipboard
from pocketllm_cli.tui.config_file import ConfigFile
from pocketllm_cli.tui.live import Changes
from pocketllm_cli.tui.options import TerminalOptions
from pocketllm_cli.tui.picture_cache import PictureCache
from pocketllm_cli.tui.state_files import StateFiles


@dataclass
class Narrator:
    """Takes what the API tells the person; the app says where it goes."""

    tell: Callable[[str], object] | None = None
    kept: list[str] = field(default_factory=list)

    def tell_to(self, tell: Callable[[str], object]) -> None:
        """Pass on what was kept, and what comes from now on."""
        self.tell, kept, self.kept = tell, self.kept, []
        for text in kept:
            tell(text)

    def __call__(self, text: str) -> None:
        """Pass a text on, or keep it until somebody listens."""
        if self.tell is None:
            self.kept.append(text)
        else:
            self.tell(text)


@dataclass(slots=True)
class Parts:
    """Collaborators of every screen; only the options change while the app runs."""

    api: Api
    changes: Changes
    files: StateFiles
    options: TerminalOptions
    settings: TerminalSettings
    narrator: Narrator
    now: Callable[[], datetime]
    """The moment it is, in the zone in which days are counted."""
    folder: Path
    """Where file names in prompts begin, and where exports go."""
    clipboard: Clipboard
    config: ConfigFile
    """`config.toml`: contexts, keys, how the app looks."""
    pictures: PictureCache
    """Where the pictures of questions come from."""
    canvas: Canvas = field(default_factory=Canvas)
    """How they are drawn on this terminal."""
    problems: tuple[str, ...] = ()
    """What in `config.toml` cannot be used, to be told once."""
    is_light: bool | None = None
    """Whether the terminal's background is light; None where that is not known."""
    email: str | None = None
    """Whose session it was when the app began; None where there was none."""
