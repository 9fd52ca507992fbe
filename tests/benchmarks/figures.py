"""How a measurement is written down."""

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def report(name: str, ratio: float, *, limit: float, at_most: bool, unit: str = "x") -> None:
    """Print one line: what was measured, what it should be, and whether it is."""
    reached = ratio <= limit if at_most else ratio >= limit
    sign = "<=" if at_most else ">="
    verdict = "ok" if reached else "NOT REACHED"
    print(f"{name:<66} {ratio:6.2f}{unit}  (wanted {sign} {limit}{unit})  {verdict}", flush=True)


def wall_times(
    commands: Mapping[str, Sequence[str]], *, rounds: int, environment: Mapping[str, str]
) -> dict[str, float]:
    """Run each command once a round, in turn, and return the median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                env=dict(environment),
            )
            if number:  # the first round warms the disk cache
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}
