"""Which turns of a long list are widgets at the moment."""

from dataclasses import dataclass
from typing import Final

FIRST_COUNT: Final = 6
STEP: Final = 6
MOST: Final = 24


@dataclass
class Window:
    """The turns from `first` up to `end`, of `count`."""

    first: int = 0
    end: int = 0
    count: int = 0

    def reset(self, count: int) -> None:
        """Show the last few of so many."""
        self.count = self.end = count
        self.first = max(0, count - FIRST_COUNT)

    def resize(self, count: int, grown_before: int) -> None:
        """Follow a list that grew or shrank; at its end it stays there."""
        was_at_end = self.end == self.count
        self.first, self.end = self.first + grown_before, self.end + grown_before
        self.count = count
        if was_at_end or self.end > count:
            self.end = count
        self.first = max(0, min(self.first, self.end - min(FIRST_COUNT, count)))
        self.first = max(self.first, self.end - MOST)

    def move_up(self) -> bool:
        """Take in earlier turns, and let go of the last ones past the bound; False at the top."""
        if self.first == 0:
            return False
        self.first = max(0, self.first - STEP)
        self.end = min(self.end, self.first + MOST)
        return True

    def move_down(self) -> bool:
        """Take in later turns, and let go of the first ones past the bound; False at the end."""
        if self.end == self.count:
            return False
        self.end = min(self.count, self.end + STEP)
        self.first = max(self.first, self.end - MOST)
        return True
