"""Runs the steps of a smoke run in order: each bounded and timed, what needs a failed one left out.

Whatever happens, what was made is removed at the end: after a failure, a signal, a step too slow.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from pocketllm_cli.errors import BackendTimeout, ExitCode, PocketLLMError
from pocketllm_cli.smoke.report import SmokeStep

_STOPPED: Final = "It was stopped before it ended."


class NothingToTry(Exception):
    """A step has nothing to be tried with; the message says what is missing."""


class Step(NamedTuple):
    """A step: what it does, returning what it found in a sentence, and what must work before."""

    name: str
    work: Callable[[], Awaitable[str]]
    needs: tuple[str, ...] = ()
    seconds: float = 20.0
    """After this long it has failed."""


class StepRunner:
    """Runs steps and notes what came of each."""

    def __init__(self) -> None:
        self.done: list[SmokeStep] = []
        self.exit_code = ExitCode.OK
        """Of the first step that failed."""

    async def run(self, steps: Sequence[Step], last: Step) -> None:
        """Run the steps, and in any case the last one."""
        try:
            for step in steps:
                await self._run_one(step)
        except asyncio.CancelledError:
            seen = {found.step for found in self.done}
            self._skip([step for step in steps if step.name not in seen], _STOPPED)
            raise
        finally:
            await self._run_one(last)

    async def _run_one(self, step: Step) -> None:
        missing = [name for name in step.needs if self._state_of(name) != "ok"]
        if missing:
            self._skip([step], f"“{missing[0]}” must work first.")
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(step.seconds):
                detail = await step.work()
        except NothingToTry as reason:
            self._skip([step], str(reason))
        except TimeoutError:
            slow = BackendTimeout(f"It was not done within {step.seconds:.0f} seconds.")
            self._fail(step, slow, began)
        except PocketLLMError as error:
            self._fail(step, error, began)
        except asyncio.CancelledError:
            self.done.append(SmokeStep(step.name, "failed", _since(began), _STOPPED))
            raise
        else:
            self.done.append(SmokeStep(step.name, "ok", _since(began), detail))

    def _skip(self, steps: Sequence[Step], why: str) -> None:
        self.done += [SmokeStep(step.name, "skipped", 0.0, why) for step in steps]

    def _fail(self, step: Step, error: PocketLLMError, began: float) -> None:
        if self.exit_code == ExitCode.OK:
            self.exit_code = error.exit_code
        self.done.append(
            SmokeStep(step.name, "failed", _since(began), error.message, error.hint, error.code)
        )

    def _state_of(self, name: str) -> str | None:
        return next((found.state for found in self.done if found.step == name), None)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
