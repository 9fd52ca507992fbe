"""`python -m backend_functions.worker`: a worker of a hosted project; any number may run."""

import asyncio
import signal
import sys
from collections.abc import Mapping

from backend_functions.jobs.job import JobType
from backend_functions.logs import configure_logs
from backend_functions.settings import InvalidSettings, Settings, read_settings
from backend_functions.setup_checks import UnsafeSetup, require_safe_setup
from backend_functions.worker.registry import JOB_TYPES
from backend_functions.worker.tools import open_tools
from backend_functions.worker.worker import Worker


async def work(settings: Settings, types: Mapping[str, JobType] = JOB_TYPES) -> None:
    """Do jobs of these types until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_tools(settings) as tools, Worker(types, tools).running():
        await stop.wait()


def main() -> int:
    """Run until told to stop; returns 1 when a setting cannot be right, or the setup is unsafe."""
    try:
        settings = read_settings()
    except InvalidSettings as error:
        print(error, file=sys.stderr)
        return 1
    configure_logs(debug=settings.debug)
    try:
        asyncio.run(require_safe_setup(settings, is_worker=True))
    except UnsafeSetup as unsafe:
        print(f"Not started:\n{unsafe}", file=sys.stderr)
        return 1
    asyncio.run(work(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
