"""Pictures of screens, compared with those in tests/snapshots."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from tests.pocketllm_cli.tui.harness import Shown

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
ALL = ("80x24-dark", "80x24-light", "120x40-dark", "120x40-light")
TWO = ("80x24-dark", "120x40-light")
"""For states of which one look at each size is enough."""


class Picture(SVGImageExtension):  # type: ignore[misc]  # its package carries no types
    """Pictures lie in one folder for all screens."""

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(Path(__file__).parents[2] / "snapshots" / test_location.basename)


async def compare(
    shown: Shown, pictures: SnapshotAssertion, looks: Collection[str] = ALL, *, url: str = ""
) -> None:
    """Compare what is shown, at sizes and in colours.

    Args:
        url: An address whose port differs from run to run; another of its length is shown.
    """
    for line in shown.app.screen.query(Input):
        line.cursor_blink = False
    for size, (width, height) in SIZES.items():
        await shown.pilot.resize_terminal(width, height)
        for theme in ("dark", "light"):
            if f"{size}-{theme}" not in looks:
                continue
            shown.app.theme = theme
            await shown.pilot.pause()
            await shown.pilot.pause()
            picture = shown.app.export_screenshot()
            if url:
                picture = picture.replace(url, "http://127.0.0.1:54321")
            assert picture == pictures(name=f"{size}-{theme}")
