"""What a smoke run found, step by step."""

from dataclasses import dataclass
from typing import Literal

StepState = Literal["ok", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class SmokeStep:
    """One thing that was tried."""

    step: str
    state: StepState
    """`skipped` where something before it failed, or there is nothing to try it with."""
    seconds: float
    detail: str
    fix: str | None = None
    """The command or setting that mends it."""
    code: str | None = None
    """Of the error, where it failed."""


@dataclass(frozen=True, slots=True)
class SmokeReport:
    """A whole run."""

    is_ok: bool
    seconds: float
    context: str
    url: str | None
    """None where the backend was not found."""
    steps: tuple[SmokeStep, ...]
