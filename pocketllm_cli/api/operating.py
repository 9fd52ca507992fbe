"""The road to the backend for those who run it: by the project's secret key, past every policy."""

import getpass
import platform
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.transport import open_transport
from pocketllm_cli.api.wire import Call, Locator, Wire
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import NoSecretKey, PocketLLMError, SecretKeyRefused
from pocketllm_cli.models import Context, Endpoint

if TYPE_CHECKING:
    from pocketllm_cli.api.files import Files
    from pocketllm_cli.api.operator_users import Users


class SecretLocator(Locator):
    """Finds the backend, and names the secret key where the publishable one would stand."""

    def __init__(self, context: Context, embedded: EmbeddedBackend, key: str | None) -> None:
        super().__init__(context, embedded)
        self._state, self._key = embedded.read_state, key

    async def _find(self, refused: Endpoint | None) -> Endpoint:
        endpoint = await super()._find(refused)
        key = self._key or (self._state().get("secret_key") if self._context.is_embedded else None)
        if not key:
            raise NoSecretKey
        return replace(endpoint, publishable_key=str(key))


@dataclass(frozen=True, slots=True)
class SecretKey:
    """Sends calls in the name of the service."""

    context: Context
    locator: SecretLocator

    async def access_token(self) -> str:
        """Return the key; it is no token, but stands for one."""
        return (await self.locator.locate()).publishable_key

    async def renewed_token(self, refused: str) -> str:
        """There is no other.

        Raises:
            SecretKeyRefused: Always.
        """
        raise SecretKeyRefused


@dataclass(frozen=True)
class Operator:
    """Everything an operator can ask of one context's backend.

    Args:
        name: Who it is, for the list of what operators did.
    """

    wire: Wire
    name: str

    @cached_property
    def users(self) -> "Users":
        """The users of the auth service."""
        from pocketllm_cli.api.operator_users import Users

        return Users(self.wire)

    @cached_property
    def files(self) -> "Files":
        """All files, of whomever."""
        from pocketllm_cli.api.files import Files

        return Files(self.wire)

    async def call(self, function: str, **arguments: Any) -> Any:
        """Call one of the database's functions for operators."""
        return await self.wire.ask(Call("tables", "POST", f"rpc/{function}", body=arguments))

    async def note(self, deed: str, subject: str | None, details: Mapping[str, Any]) -> None:
        """Add an entry to what operators did."""
        await self.call(
            "admin_note",
            deed=deed,
            operator=self.name,
            subject=subject,
            details=dict(details),
        )

    @asynccontextmanager
    async def audited(
        self, deed: str, subject: str | None = None, *, asked: Mapping[str, Any] | None = None
    ) -> AsyncIterator["Outcome"]:
        """Note that something is begun, and how it ended; without the first it is not begun.

        Args:
            subject: The id of the user it is about.
            asked: What was asked for, without anything that only the user should know.
        """
        outcome = Outcome()
        await self.note(deed, subject, {"state": "begun", **(asked or {})})
        try:
            yield outcome
        except PocketLLMError as error:
            await self.note(deed, subject, {"state": "failed", "why": error.code, **outcome.done})
            raise
        await self.note(deed, outcome.subject or subject, {"state": "done", **outcome.done})


@dataclass(slots=True)
class Outcome:
    """What a deed has done so far, by what it was done to."""

    done: dict[str, int] = field(default_factory=dict)
    subject: str | None = None
    """The id of the user it was about, where that was not known before."""

    def count(self, what: str, number: int) -> None:
        """Add to what was done."""
        self.done[what] = self.done.get(what, 0) + number


@asynccontextmanager
async def open_operator(
    context: Context,
    *,
    embedded: EmbeddedBackend,
    key: str | None,
    log: DebugLog,
) -> AsyncIterator[Operator]:
    """Open the road; no request is sent yet."""
    async with open_transport(context.url, log) as transport:
        locator = SecretLocator(context, embedded, key)
        wire = Wire(transport, locator, SecretKey(context, locator))
        yield Operator(wire, _own_name())


def _own_name() -> str:
    """Return who runs this, as `user@host`."""
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        login = "somebody"
    return f"{login}@{platform.node() or 'somewhere'}"
