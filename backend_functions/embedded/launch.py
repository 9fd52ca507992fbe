"""From nothing to a ready backend, and back: the order in which the parts come up and go down.

PostgreSQL is made and started in a thread, since it is other processes that work then, while this
one loads the model: the two overlap on two cores.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import structlog

from backend_functions.embedded.account import NoAccount, choose_account
from backend_functions.embedded.files import make_private_folder
from backend_functions.embedded.local_model import ModelFailed, RunningModel
from backend_functions.embedded.machine_keys import BrokenKeys, MachineKeys, load_or_create
from backend_functions.embedded.ports import remembered_ports
from backend_functions.embedded.postgres import OtherVersion, Postgres, PostgresFailed
from backend_functions.embedded.status import AlreadyRunning, Status, hold_lock, tell
from backend_functions.embedded.swapping import finish_swap, remove_unfinished
from backend_functions.embedded.weights import SIZE_MB, NoWeights, fetch_weights, find_weights
from backend_functions.logs import configure_logs
from backend_functions.settings import InvalidSettings, read_own_settings

log = structlog.get_logger(__name__)


def launch(folder: Path) -> int:
    """Run the backend of a folder until it is told to stop; return an exit code."""
    make_private_folder(folder)
    model_file, debug = read_own_settings()
    configure_logs(debug=debug)
    try:
        hold_lock(folder)
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 0
    try:
        _run(folder, model_file)
    except OtherVersion as error:
        return _fail(folder, str(error), error.hint)
    except (NoAccount, PostgresFailed, BrokenKeys, InvalidSettings, OSError) as error:
        return _fail(folder, str(error))
    except Exception as error:  # whoever waits for us must hear that we did not start
        log.error("did not start", exc_info=error)
        return _fail(folder, "The embedded backend could not start.")
    return 0


def _fail(folder: Path, message: str, hint: str | None = None) -> int:
    print(message, file=sys.stderr)
    hint = hint or f"Look at {folder / 'backend.log'} and {folder / 'postgres.log'}."
    with suppress(OSError):  # the disk may be what failed
        tell(folder, Status("failed", message, hint=hint))
    return 1


def _run(folder: Path, model_file: str | None) -> None:
    finish_swap(folder)  # a restore that was stopped after it had been decided
    remove_unfinished(folder, choose_account(folder).cluster)  # or before
    tell(folder, Status("starting", "Starting the embedded backend."))
    keys = load_or_create(folder / "keys.json")
    ports = remembered_ports(folder / "ports.json", "http", "postgres")
    with ThreadPoolExecutor(1) as helper:
        starting = helper.submit(_start_postgres, folder, keys, ports["postgres"])
        model = _start_model(folder, keys, model_file)
        # Imported now: it takes half a second, in which PostgreSQL starts.
        from uvloop import new_event_loop

        from backend_functions.embedded.server import serve

        postgres = starting.result()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(serve(folder, keys, ports, postgres, model.model if model else None))
    finally:
        postgres.stop()


def _start_postgres(folder: Path, keys: MachineKeys, port: int) -> Postgres:
    postgres = Postgres(
        choose_account(folder), log=folder / "postgres.log", password=keys.admin_password
    )
    postgres.create()
    postgres.start(port)
    return postgres


def _start_model(folder: Path, keys: MachineKeys, model_file: str | None) -> RunningModel | None:
    """Load the local model; a backend without one is still a backend."""
    try:
        if model_file is None and find_weights() is None:
            detail = f"Fetching the local model's weights ({SIZE_MB} MB, once)."
            tell(folder, Status("starting", detail))
        weights = Path(model_file) if model_file else fetch_weights()
        return RunningModel(weights, api_key=keys.model_key)
    except (NoWeights, ModelFailed, ImportError) as error:
        print(error, file=sys.stderr)
        return None
