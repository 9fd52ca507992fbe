"""What a smoke run makes is called so that the next run knows it again. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

PREFIX: Final = "pocketllm smoke"
"""Titles of chats begin so, and prompts of images."""

FILE_NAME: Final = "pocketllm-smoke.txt"


def chat_title(started_at: datetime) -> str:
    """Return the title of a run's chat, which is all a person sees of a run that was killed."""
    return f"{PREFIX} {started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def image_prompt(chat_id: str) -> str:
    """Return the prompt of a run's image."""
    return f"{PREFIX} {chat_id[:8]}: a blue circle on white"


def oldest_of_now(moment: str, seconds: float) -> str:
    """Return the moment before which a run is over that still has something lying about.

    Args:
        moment: When this run's own chat was made, by the backend's clock.
        seconds: What a run may take.
    """
    return (datetime.fromisoformat(moment) - timedelta(seconds=seconds)).isoformat()
