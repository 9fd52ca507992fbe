"""Ports on loopback: the one used last time if it is still free, else any free one."""

import json
import socket
from pathlib import Path

from backend_functions.embedded.files import write_private


def is_free(port: int) -> bool:
    """Tell whether nobody listens on this port of 127.0.0.1."""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
    return port


def remembered_ports(file: Path, *names: str) -> dict[str, int]:
    """Return a free port for each name, the same as last time where possible, and remember it."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    ports = {
        name: port if isinstance(port := known.get(name), int) and is_free(port) else free_port()
        for name in names
    }
    if ports != known:
        write_private(file, json.dumps(ports))
    return ports
