"""A hosted server: one of several, with bounds on HTTP that a bare uvicorn does not have."""

import asyncio
from dataclasses import replace

import uvicorn

from backend_functions.app import replica_app
from backend_functions.bounded_http import bounded_http
from backend_functions.open_streams import fit_open_files, max_connections
from backend_functions.settings import Settings
from backend_functions.setup_checks import require_safe_setup

_GRACE_SECONDS = 20


def serve_hosted(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        UnsafeSetup: It must not be started like this.
    """
    asyncio.run(require_safe_setup(settings))
    settings = replace(settings, limits=fit_open_files(settings.limits))
    config = uvicorn.Config(
        replica_app(settings),
        host=host,
        port=port,
        http=bounded_http(max_connections(settings.limits)),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    uvicorn.Server(config).run()
