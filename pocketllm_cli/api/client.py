"""The one road to the backend: a client whose parts are made when they are first used."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from pocketllm_cli.api.auth import Auth
from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.sessions import Sessions, session_mark
from pocketllm_cli.api.transport import Transport, open_transport
from pocketllm_cli.api.wire import Locator, Wire, failures_of
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import PocketLLMError, SessionExpired
from pocketllm_cli.models import Account, Context
from pocketllm_cli.paths import Paths

if TYPE_CHECKING:
    from pocketllm_cli.api.answers import Answers
    from pocketllm_cli.api.avatars import Avatars
    from pocketllm_cli.api.changes import Changes
    from pocketllm_cli.api.chats import Chats
    from pocketllm_cli.api.deleted_chats import DeletedChats
    from pocketllm_cli.api.files import Files
    from pocketllm_cli.api.health import Health
    from pocketllm_cli.api.images import Images
    from pocketllm_cli.api.jobs import Jobs
    from pocketllm_cli.api.messages import Messages
    from pocketllm_cli.api.model_configs import ModelConfigs
    from pocketllm_cli.api.passwords import Passwords
    from pocketllm_cli.api.profiles import Profiles
    from pocketllm_cli.api.search import Search
    from pocketllm_cli.api.shown_branch import ShownBranch
    from pocketllm_cli.api.usage import Usage
    from pocketllm_cli.api.whole_chats import WholeChats


class Api:
    """Everything a command can ask of one context's backend."""

    def __init__(
        self,
        context: Context,
        transport: Transport,
        locator: Locator,
        sessions: Sessions,
        narrate: Callable[[str], None],
    ) -> None:
        self.context = context
        self.locator = locator
        self.sessions = sessions
        self._transport = transport
        self._narrate = narrate

    @cached_property
    def wire(self) -> Wire:
        """Requests as the person who is signed in."""
        return Wire(self._transport, self.locator, self.sessions)

    @cached_property
    def chats(self) -> "Chats":
        """Chats."""
        from pocketllm_cli.api.chats import Chats

        return Chats(self.wire)

    @cached_property
    def deleted_chats(self) -> "DeletedChats":
        """Chats that were deleted and can be restored."""
        from pocketllm_cli.api.deleted_chats import DeletedChats

        return DeletedChats(self.wire)

    @cached_property
    def messages(self) -> "Messages":
        """Messages of chats."""
        from pocketllm_cli.api.messages import Messages

        return Messages(self.wire, self.chats)

    @cached_property
    def shown_branch(self) -> "ShownBranch":
        """Messages of chats as they are shown, a page at a time."""
        from pocketllm_cli.api.shown_branch import ShownBranch

        return ShownBranch(self.wire)

    @cached_property
    def model_configs(self) -> "ModelConfigs":
        """Model configs."""
        from pocketllm_cli.api.model_configs import ModelConfigs

        return ModelConfigs(self.wire)

    @cached_property
    def answers(self) -> "Answers":
        """Questions and their answers."""
        from pocketllm_cli.api.answers import Answers

        return Answers(self.wire, self._transport.log, self._narrate)

    @cached_property
    def changes(self) -> "Changes":
        """Changes of tables, as they happen."""
        from pocketllm_cli.api.changes import Changes

        return Changes(self.locator, self.sessions, self._transport.log)

    @cached_property
    def passwords(self) -> "Passwords":
        """The password."""
        from pocketllm_cli.api.passwords import Passwords

        return Passwords(self.wire)

    @cached_property
    def profiles(self) -> "Profiles":
        """What the person tells about themselves."""
        from pocketllm_cli.api.profiles import Profiles

        return Profiles(self.wire)

    @cached_property
    def avatars(self) -> "Avatars":
        """The person's picture."""
        from pocketllm_cli.api.avatars import Avatars

        return Avatars(self.files, self.profiles)

    @cached_property
    def usage(self) -> "Usage":
        """Tokens, cost and time of answers."""
        from pocketllm_cli.api.usage import Usage

        return Usage(self.wire)

    @cached_property
    def whole_chats(self) -> "WholeChats":
        """Chats with all that belongs to them, for files."""
        from pocketllm_cli.api.whole_chats import WholeChats

        return WholeChats(self.wire)

    @cached_property
    def search(self) -> "Search":
        """Full text search."""
        from pocketllm_cli.api.search import Search

        return Search(self.wire)

    @cached_property
    def files(self) -> "Files":
        """Files in Storage."""
        from pocketllm_cli.api.files import Files

        return Files(self.wire)

    @cached_property
    def jobs(self) -> "Jobs":
        """Jobs."""
        from pocketllm_cli.api.jobs import Jobs

        return Jobs(self.wire, self.changes)

    @cached_property
    def images(self) -> "Images":
        """Pictures that jobs make."""
        from pocketllm_cli.api.images import Images

        return Images(self.wire, self.jobs, self.files)

    @cached_property
    def health(self) -> "Health":
        """How the backend is."""
        from pocketllm_cli.api.health import Health

        return Health(self._transport, self.locator, self.sessions, self.wire)

    @property
    def auth(self) -> Auth:
        """Sign-up, sign-in and sign-out."""
        return self.sessions.auth

    async def account(self) -> Account:
        """Return who is signed in.

        Raises:
            NotSignedIn: Nobody.
        """
        with failures_of(self.context):
            endpoint = await self.locator.locate()
            token = await self.sessions.access_token()
            try:
                user_id, email = await self.auth.user(token)
            except SessionExpired:
                user_id, email = await self.auth.user(await self.sessions.renewed_token(token))
        return Account(user_id, email, self.context.name, endpoint.url)

    async def sign_out_quietly(self, access_token: str) -> PocketLLMError | None:
        """End a session at the server; return what went wrong rather than raise it."""
        try:
            await self.auth.sign_out(access_token)
        except PocketLLMError as error:
            return error
        return None


@asynccontextmanager
async def open_api(
    context: Context,
    *,
    paths: Paths,
    store: CredentialStore,
    embedded: EmbeddedBackend,
    fixed_token: str | None,
    narrate: Callable[[str], None],
    log: DebugLog,
) -> AsyncIterator[Api]:
    """Open the client for a context; no request is sent yet."""
    async with open_transport(context.url, log) as transport:
        locator = Locator(context, embedded)
        sessions = Sessions(
            context=context,
            auth=Auth(transport, locator.locate, session_mark(context)),
            store=store,
            locks=paths.state / "locks",
            fixed_token=fixed_token,
            narrate=narrate,
        )
        yield Api(context, transport, locator, sessions, narrate)
