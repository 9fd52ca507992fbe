"""What a check of the setup found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. Neither sentence ever holds a secret.

    Args:
        detail: What was found.
        fix: What mends it; None where nothing is wrong.
    """

    check: str
    detail: str
    fix: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.fix is None
