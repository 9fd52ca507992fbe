"""Transactions that PostgreSQL gave up so that another could go on."""

import asyncio
from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import TypeVar

import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

_MAX_PAUSE_SECONDS = 0.1


async def once_more_on_conflict(transact: Callable[[], Awaitable[Result]]) -> Result:
    """Run a whole transaction, and a second time if it was the victim of a conflict.

    Nothing of the first one is left, so the second does not repeat it. There is no third: two
    conflicts in a row are a load that more tries would only add to.

    Args:
        transact: Begins and ends one transaction, and touches nothing else.

    Raises:
        DeadlockDetected, SerializationFailure: Also the second time.

    Source: https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
    """
    try:
        return await transact()
    except (DeadlockDetected, SerializationFailure) as error:
        log.info("once more after a conflict", sqlstate=error.sqlstate)
    # so that two victims of each other do not meet again
    await asyncio.sleep(SystemRandom().uniform(0, _MAX_PAUSE_SECONDS))
    return await transact()
