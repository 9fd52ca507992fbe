"""Groups chats by the day they were used last."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pocketllm_cli.models import Chat


def group_by_day(chats: Iterable[Chat], now: datetime) -> list[tuple[str, list[Chat]]]:
    """Return headings and their chats, in the order the chats come in (newest first).

    Args:
        now: The moment it is, in the time zone that days are counted in.
    """
    groups: list[tuple[str, list[Chat]]] = []
    for chat in chats:
        heading = day_name(chat.updated_at, now)
        if not groups or groups[-1][0] != heading:
            groups.append((heading, []))
        groups[-1][1].append(chat)
    return groups


def day_name(moment: str, now: datetime) -> str:
    """Return what people call the day of a stored moment."""
    try:
        day = datetime.fromisoformat(moment).astimezone(now.tzinfo).date()
    except ValueError:
        return "Some day"
    today = now.date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "This week"
    return _month(day, today)


def _month(day: date, today: date) -> str:
    if (day.year, day.month) == (today.year, today.month):
        return "This month"
    return f"{day:%B}" if day.year == today.year else f"{day:%B %Y}"
