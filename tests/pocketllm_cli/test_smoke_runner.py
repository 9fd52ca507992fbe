import asyncio
from collections.abc import Callable

import pytest

from pocketllm_cli.errors import ChatNotFound, ExitCode, NotAllowed
from pocketllm_cli.smoke.runner import NothingToTry, Step, StepRunner


def does(result: str | Exception) -> Callable[[], "asyncio.Future[str]"]:
    """Return work that ends at once."""

    def work() -> "asyncio.Future[str]":
        future = asyncio.get_running_loop().create_future()
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
        return future

    return work


async def never() -> str:
    await asyncio.Event().wait()
    return ""


def states(runner: StepRunner) -> dict[str, str]:
    return {step.step: step.state for step in runner.done}


async def test_the_first_failure_gives_the_exit_code_and_what_needs_it_is_left_out() -> None:
    runner = StepRunner()
    steps = [
        Step("a", does("fine")),
        Step("b", does(NotAllowed())),
        Step("c", does("never tried"), ("a", "b")),
        Step("d", does("never tried"), ("c",)),
        Step("e", does(ChatNotFound())),
        Step("f", does(NothingToTry("nothing there"))),
    ]

    await runner.run(steps, Step("last", does("done"), ("a",)))

    assert states(runner) == {
        **{"a": "ok", "b": "failed", "c": "skipped", "d": "skipped"},
        **{"e": "failed", "f": "skipped", "last": "ok"},
    }
    assert runner.exit_code == ExitCode.AUTH
    assert [step.fix is not None for step in runner.done] == [
        step.state == "failed" for step in runner.done
    ]


async def test_a_step_that_takes_too_long_has_failed_and_the_rest_goes_on() -> None:
    runner = StepRunner()

    steps = [Step("slow", never, seconds=0.01), Step("b", does("ok"))]
    await runner.run(steps, Step("last", does("done")))

    assert states(runner) == {"slow": "failed", "b": "ok", "last": "ok"}
    assert runner.exit_code == ExitCode.UNAVAILABLE


async def test_whoever_stops_it_sees_how_far_it_came_and_the_last_step_runs() -> None:
    runner = StepRunner()
    steps = [Step("a", does("ok")), Step("b", never), Step("c", does("ok"))]
    running = asyncio.create_task(runner.run(steps, Step("last", does("done"))))
    while not runner.done:
        await asyncio.sleep(0)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert states(runner) == {"a": "ok", "b": "failed", "c": "skipped", "last": "ok"}
