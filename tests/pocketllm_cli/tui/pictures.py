"""Pictures of screens, compared with those in tests/snapshots.

What differs is told in words where the test fails, and shown side by side in the report of
pytest-textual-snapshot (`snapshot_report.html`, or where `--snapshot-report` says).
"""

import html
import pickle
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_textual_snapshot import (
    PseudoApp,
    PseudoConsole,
    SVGImageExtension,
    node_to_report_path,
    normalize_svg,
)
from rich.console import ConsoleDimensions
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from tests.pocketllm_cli.tui.harness import Shown

SMALL: Final = (80, 24)
NARROW: Final = (60, 24)
_SIZES: Final = (SMALL, (120, 40))
_THEMES: Final = ("dark", "light")
_TEXT: Final = re.compile(r'<text [^>]*\bx="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
_CELL_WIDTH: Final = 12.2
"""Of Rich's pictures, in their own unit."""
_MOST_LINES: Final = 40
_LOOKS: Final = 10
"""A busy machine may not have painted what lies under a dialog yet."""
_WHAT_TO_DO: Final = """\
Side by side: snapshot_report.html. If the change is meant: `make snapshots`, and look at the
pictures in tests/snapshots."""


class Picture(SVGImageExtension):  # type: ignore[misc]  # its package carries no types
    """Pictures lie in one folder for all screens."""

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(Path(__file__).parents[2] / "snapshots" / test_location.basename)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Compares what a test shows with its pictures.

    Args:
        url: An address whose port differs from run to run; another of its length is shown.
    """

    snapshot: SnapshotAssertion
    item: pytest.Item
    url: str

    async def compare(
        self,
        shown: Shown,
        state: str,
        themes: Collection[str] = ("dark", "light"),
        sizes: Sequence[tuple[int, int]] = _SIZES,
    ) -> None:
        """Compare at both sizes, dark and light, or at others.

        Raises:
            Failed: Pictures differ, or are not there; all of them are named.
        """
        for line in shown.app.screen.query(Input):
            line.cursor_blink = False
        await shown.until(lambda: not shown.app.screen.query("Button.-active"))
        differences = []
        for size, theme in _looks(shown, sizes):
            if theme not in themes:
                continue
            if shown.app.size != size:
                await shown.pilot.resize_terminal(*size)
            shown.app.theme = theme
            await shown.pilot.pause()
            await shown.pilot.pause()
            name = f"{state}-{size[0]}x{size[1]}-{theme}"
            for _ in range(_LOOKS):
                picture = shown.app.export_screenshot().replace(self.url, "http://127.0.0.1:54321")
                if picture == self.snapshot(name=name):
                    break
                await shown.pilot.pause(0.1)
            else:
                differences.append(self._report(name, picture))
        if differences:
            pytest.fail("\n\n".join([*differences, _WHAT_TO_DO]), pytrace=False)

    def _report(self, name: str, picture: str) -> str:
        """Put a difference into the report, and return it in words."""
        compared = self.snapshot.executions[self.snapshot.num_executions - 1]
        wanted = str(compared.recalled_data or "")
        path, line, _ = self.item.reportinfo()
        title = f"{self.item.name} {name}"
        terminal = PseudoApp(PseudoConsole(False, ConsoleDimensions(*SMALL)))
        told = (False, wanted, picture, terminal, path, line, title, "", "", bool(wanted))
        report = Path(f"{node_to_report_path(self.item)}_{name}")
        report.write_bytes(pickle.dumps(told))
        return f"{title}: {difference(wanted, normalize_svg(picture))}"


def _looks(shown: Shown, sizes: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], str]]:
    """Return sizes and themes so that little has to change from one to the next."""
    nearest = sorted(sizes, key=lambda size: shown.app.size != size)
    first, second = sorted(_THEMES, key=lambda theme: shown.app.theme != theme)
    looks = [(size, first) for size in nearest]
    return looks + [(size, second) for size in reversed(nearest)]


def difference(wanted: str, actual: str) -> str:
    """Return in words how two pictures differ."""
    if not wanted:
        return "there is no such picture yet."
    before, after = text_of(wanted), text_of(actual)
    if before == after:
        return "the text is the same; colours or styles differ."
    lines = list(unified_diff(before, after, "picture", "now", n=1, lineterm=""))
    more = ["…"] if len(lines) > _MOST_LINES else []
    return "\n".join(["the text differs.", *lines[:_MOST_LINES], *more])


def text_of(picture: str) -> list[str]:
    """Return the lines of text in a picture, top to bottom."""
    lines: dict[float, str] = defaultdict(str)
    for x, y, text in _TEXT.findall(picture):
        before = lines[float(y)].ljust(round(float(x) / _CELL_WIDTH))
        lines[float(y)] = before + html.unescape(text).replace("\xa0", " ")
    return [lines[y].rstrip() for y in sorted(lines)]
