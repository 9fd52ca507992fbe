"""How long to go on trying after a connection was lost, and how long to wait between two tries."""

from dataclasses import dataclass, field
from typing import Final

MOST_SECONDS: Final = 60.0
_FIRST_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 5.0
_HELD_SECONDS: Final = 10.0


@dataclass(slots=True)
class Patience:
    """Ends `most_seconds` after the last progress. Moments are those of a monotonic clock."""

    most_seconds: float = MOST_SECONDS
    _lost_at: float | None = field(default=None, init=False)
    _tries: int = field(default=0, init=False)

    @property
    def is_tried(self) -> bool:
        """Whether a connection was lost since the last progress."""
        return self._lost_at is not None

    def renew(self) -> None:
        """Begin anew: something came."""
        self._lost_at, self._tries = None, 0

    def pause(
        self, now: float, *, connected_at: float | None, asked: float | None = None
    ) -> float | None:
        """Return how long to wait before the next try, or None when it is over.

        Args:
            connected_at: When the connection that was lost began; None if there was none. One
                that held for a while counts as progress, as a model may think for long.
            asked: How long the backend asks us to wait.
        """
        if connected_at is not None and now - connected_at > _HELD_SECONDS:
            self.renew()
        if self._lost_at is None:
            self._lost_at = now
        wait = max(min(_FIRST_SECONDS * 2**self._tries, _LONGEST_SECONDS), asked or 0.0)
        self._tries += 1
        return wait if self.remaining(now) > wait else None

    def remaining(self, now: float) -> float:
        """Return how many seconds are left."""
        lost_at = now if self._lost_at is None else self._lost_at
        return self.most_seconds - (now - lost_at)
