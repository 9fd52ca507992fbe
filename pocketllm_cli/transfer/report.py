"""What a transfer did; pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays at the source alone, or differs at the target."""

    kind: str
    """`model`, `key`, `chat`, `file` or `job`."""
    name: str
    """A name, an id or a path."""
    reason: str


@dataclass(slots=True)
class Report:
    """Counts of what was brought over and compared, and what was not."""

    models: int = 0
    chats: int = 0
    messages: int = 0
    files: int = 0
    bytes: int = 0
    jobs: int = 0
    already_there: int = 0
    keys_handed_over: list[str] = field(default_factory=list)
    """Names of model configs whose key was sealed anew for the target."""
    keys_needed: list[str] = field(default_factory=list)
    """Names of model configs at the target whose key must be given anew."""
    left: list[Left] = field(default_factory=list)

    def leave(self, kind: str, name: str, reason: str) -> None:
        """Note what was not brought over."""
        self.left.append(Left(kind, name, reason))
