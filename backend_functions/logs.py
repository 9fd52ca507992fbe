"""The server's log: one line of JSON an event on stderr, and never what was said or a secret.

An exception is told by its type and where it was raised. Its message is left out, for it may quote
a row, a request or a key; and of any other text no more than its first line is kept, since what
PostgreSQL, pydantic and asyncio add below that line is values.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from traceback import walk_tb
from typing import Any

import orjson
import structlog

_MAX_CHARACTERS = 500
_MAX_FRAMES = 40
_MAX_CAUSES = 5
_FOREIGN = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")

Event = MutableMapping[str, Any]


def configure_logs(*, debug: bool = False) -> None:
    """Log events, and what libraries warn of, as lines of JSON, whoever set up logging before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _FOREIGN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    level = logging.DEBUG if debug else logging.INFO
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            keep_values_out,
            _render,
        ],
    )


def keep_values_out(logger: object, method: str, event: Event) -> Event:
    """Cut texts to their first line, and tell an exception without its message."""
    problem = event.pop("exc_info", None)
    if problem is True:
        problem = sys.exception()
    if isinstance(problem, BaseException):
        event["exception"] = describe_exception(problem)
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = _name_of(value)
        elif isinstance(value, str):
            event[name] = _first_line(value)
    return event


def describe_exception(error: BaseException) -> list[dict[str, Any]]:
    """Return types and places of an exception and of what caused it, the last raised first."""
    return [
        {"type": _name_of(each), "sqlstate": getattr(each, "sqlstate", None), "at": _places(each)}
        for each in _causes(error)
    ]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(seen) < _MAX_CAUSES:
        seen.add(id(following))
        yield following
        if isinstance(following, BaseExceptionGroup):
            following = following.exceptions[0]
        else:
            hidden = None if following.__suppress_context__ else following.__context__
            following = following.__cause__ or hidden


def _places(error: BaseException) -> list[str]:
    frames = [
        f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return frames[-_MAX_FRAMES:]


def _name_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0][:_MAX_CHARACTERS]


def _render(logger: object, method: str, event: Event) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__).decode()


class _JsonLines(logging.Formatter):
    """Renders what libraries log in the same shape."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "exc_info": record.exc_info[1] if record.exc_info else None,
        }
        return _render(None, "", keep_values_out(None, "", event))
