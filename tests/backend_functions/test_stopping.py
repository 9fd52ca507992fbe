import asyncio
from contextlib import suppress

import pytest

from backend_functions import stopping
from backend_functions.stopping import end_task


async def test_a_task_that_loses_the_word_to_end_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "_PATIENCE_SECONDS", 0.01)

    async def lose_the_first_word() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(lose_the_first_word())
    await asyncio.sleep(0)
    await end_task(task)

    assert task.cancelled()


async def test_what_a_task_failed_with_is_not_lost_when_it_is_ended() -> None:
    async def fail() -> None:
        raise ValueError("lost?")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])

    with pytest.raises(ValueError, match="lost"):
        await end_task(task)
