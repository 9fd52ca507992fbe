"""What a worker in a process of its own shares among its jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend_functions.db.pool import Database
from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.jobs.job import JobTools
from backend_functions.sealing import KeySealer
from backend_functions.settings import Settings


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[JobTools]:
    """Open everything a job may use, and close it afterwards."""
    policy = EgressPolicy.for_mode(settings.mode)
    database = Database(settings.database_url, max_size=settings.limits.worker_slots)
    http = open_client(policy, settings.limits, own_project=settings.private_address)
    await database.open()
    tools = JobTools.build(settings, database, http, KeySealer(settings.master_keys), policy)
    try:
        yield tools
    finally:
        await tools.reencoder.aclose()
        await http.aclose()
        await database.close()
