"""New keys for a running backend: it reads `keys.json` again when it is sent SIGHUP."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import structlog

from backend_functions.embedded.machine_keys import BrokenKeys, load
from backend_functions.embedded.status import Status, tell
from backend_functions.embedded.token_keys import TokenKeys
from backend_functions.sealing import KeySealer
from backend_functions.settings import InvalidSettings, parse_master_keys

log = structlog.get_logger(__name__)


def read_keys_again_on_hangup(
    folder: Path, sealer: KeySealer, tokens: TokenKeys, status: Status
) -> None:
    """From now on, SIGHUP has the keys in the file used; `backend.json` tells which seal and sign.

    Args:
        status: What is told otherwise, once the backend is ready.
    """

    def read_again() -> None:
        try:
            keys = load(folder / "keys.json")
            master_keys = parse_master_keys(keys.master_keys)
            tokens.use(keys)
            sealer.use(master_keys)
        except (BrokenKeys, InvalidSettings, OSError, ValueError) as error:
            log.error("the keys were not read again", error=str(error))
        else:
            sealing, signing = sealer.sealing_key_id, tokens.signer.kid
            log.info("the keys were read again", sealing_key=sealing, signing_key=signing)
            tell(folder, replace(status, sealing_key=sealing, signing_key=signing))

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_again)
