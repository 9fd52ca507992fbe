"""New master keys for a running backend: it reads `keys.json` again when it is sent SIGHUP."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import structlog

from backend_functions.embedded.machine_keys import BrokenKeys, load
from backend_functions.embedded.status import Status, tell
from backend_functions.sealing import KeySealer
from backend_functions.settings import InvalidSettings, parse_master_keys

log = structlog.get_logger(__name__)


def read_keys_again_on_hangup(folder: Path, sealer: KeySealer, status: Status) -> None:
    """From now on, SIGHUP gives the sealer the keys in the file; `backend.json` tells which seals.

    Args:
        status: What is told otherwise, once the backend is ready.
    """

    def read_again() -> None:
        try:
            sealer.use(parse_master_keys(load(folder / "keys.json").master_keys))
        except (BrokenKeys, InvalidSettings, OSError) as error:
            log.error("the keys were not read again", error=str(error))
        else:
            log.info("the keys were read again", sealing_key=sealer.sealing_key_id)
            tell(folder, replace(status, sealing_key=sealer.sealing_key_id))

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_again)
