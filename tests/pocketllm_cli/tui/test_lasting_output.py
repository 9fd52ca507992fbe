"""A terminal that is closed ends the app, which would wait for it without end."""

import os
import pty
import signal
from pathlib import Path

from pocketllm_cli.models import Context
from pocketllm_cli.tui.lasting_output import LastingOutput
from tests.pocketllm_cli.tui.harness import shown_app


def test_a_terminal_that_is_gone_is_told_as_a_hang_up_and_takes_what_is_written() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: heard.append(number))
    master, slave = pty.openpty()
    try:
        with os.fdopen(slave, "w") as file:
            output = LastingOutput(file)
            output.write("seen\n")
            output.flush()
            os.close(master)
            for _ in range(100):  # more than Textual lets wait
                output.write("unseen\n")
                output.flush()
            assert heard == [signal.SIGHUP]
            os.dup2(os.open(os.devnull, os.O_WRONLY), slave)  # what is buffered goes somewhere
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_the_app_paints_on_it(context: Context, folder: Path) -> None:
    async with shown_app(context, folder) as shown:
        driver = shown.app.driver_class(shown.app)
        assert isinstance(vars(driver)["_file"], LastingOutput)
