"""What a type of job is made of, and what the code that does one is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from backend_functions.configured_provider import ConfiguredProviders
from backend_functions.db.pool import Database
from backend_functions.egress.policy import EgressPolicy
from backend_functions.object_store import HttpObjectStore
from backend_functions.pdf_text import PdfReader
from backend_functions.picture_reencoding import PictureReencoder
from backend_functions.sealing import KeySealer
from backend_functions.settings import Settings
from backend_functions.types import Caller

Output = Mapping[str, Any]
"""What becomes a job's `output_data`."""


class AttemptLost(Exception):
    """Another attempt at the job counts by now, or the job is over: nothing may be stored."""


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one job."""

    id: UUID
    user_id: UUID
    input_data: Any
    """As whoever asked for it wrote it: any JSON."""
    attempt: int
    """Counts from 1."""
    made: Output | None
    """What an earlier attempt was about to store; it may have."""
    keep: Callable[[Output], Awaitable[None]]
    """Notes what is about to be stored; to be called right before. Raises AttemptLost."""

    @property
    def owner(self) -> Caller:
        """Whose rights the job has: what its owner may not read, it may not either."""
        claims = {"sub": str(self.user_id), "role": "authenticated"}
        return Caller("authenticated", claims, self.user_id)


@dataclass(frozen=True, slots=True)
class JobTools:
    """What every job may use."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    providers: ConfiguredProviders
    policy: EgressPolicy
    objects: HttpObjectStore
    reencoder: PictureReencoder
    pdfs: PdfReader

    @classmethod
    def build(
        cls,
        settings: Settings,
        database: Database,
        http: httpx.AsyncClient,
        sealer: KeySealer,
        policy: EgressPolicy,
    ) -> "JobTools":
        """Make what is missing; the owner of what is given closes it."""
        providers = ConfiguredProviders(
            http=http,
            database=database,
            sealer=sealer,
            policy=policy,
            local_model=settings.local_model,
            search_key=settings.search_key,
            image_key=settings.image_key,
        )
        objects = HttpObjectStore(
            http, supabase_url=settings.supabase_url, api_key=settings.publishable_key
        )
        reencoder, pdfs = PictureReencoder(), PdfReader()
        return cls(settings, database, http, providers, policy, objects, reencoder, pdfs)

    @property
    def token(self) -> str:
        """The service's own credential for Storage."""
        return self.settings.secret_key


async def _nothing(job_id: UUID, user_id: UUID, tools: JobTools) -> None:
    """Most jobs store nothing but their output."""


@dataclass(frozen=True, slots=True)
class JobType:
    """A row of the registry."""

    name: str
    run: Callable[[Job, JobTools], Awaitable[Output]]
    """Does the work. Raises a ServiceError when it cannot; its message is what the user reads."""
    discard: Callable[[UUID, UUID, JobTools], Awaitable[None]] = _nothing
    """Removes what `run` stored for a job (its id, its owner's) that did not come to be."""
    max_attempts: int = 5
    attempt_seconds: float = 600.0
    """For one attempt."""
