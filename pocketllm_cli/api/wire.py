"""Authorised requests: finds the backend, adds the token, tries once more where that is safe."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, assert_never

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.replies import failure_of, json_or_fail
from pocketllm_cli.api.transport import NotConnected, Transport, translated_failures
from pocketllm_cli.errors import BackendUnreachable, PocketLLMError, SessionExpired
from pocketllm_cli.models import Context, Endpoint

if TYPE_CHECKING:
    import httpx

Service = Literal["tables", "functions", "storage", "auth"]
_NOT_AUTHENTICATED: Final = 401
_STORAGE_REFUSED: Final = 400
"""Storage answers so whatever is wrong; its body says what."""


@contextmanager
def failures_of(context: Context) -> Iterator[None]:
    """Note on what fails within the block whose backend it was."""
    try:
        yield
    except PocketLLMError as error:
        error.context_name = error.context_name or context.name
        raise


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without address and token."""

    service: Service
    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silence_seconds: float | None = None
    """How long the answer may pause, where that is longer than usual."""
    content: Callable[[], AsyncIterator[bytes]] | None = None
    """The body where it is no JSON; called anew for each time that it is sent."""


class Tokens(Protocol):
    """In whose name calls are sent: a person's session, or an operator's secret key."""

    @property
    def context(self) -> Context:
        """Whose backend they are for."""

    async def access_token(self) -> str:
        """Return a token that is good for a while."""

    async def renewed_token(self, refused: str) -> str:
        """Return another token than the one that was just refused, or raise."""


class Locator:
    """Knows where the backend is, and starts the embedded one when somebody asks."""

    def __init__(self, context: Context, embedded: EmbeddedBackend) -> None:
        self._context = context
        self._embedded = embedded
        self._found: Endpoint | None = None

    async def locate(self) -> Endpoint:
        """Return the address; the embedded backend runs afterwards."""
        if self._found is None:
            self._found = await self._find(refused=None)
        return self._found

    async def relocate(self, refused: Endpoint) -> bool:
        """Look again after nobody listened at the address; False if that cannot help."""
        if not self._context.is_embedded:
            return False
        self._found = await self._find(refused)
        return True

    async def _find(self, refused: Endpoint | None) -> Endpoint:
        context = self._context
        if context.url is None:
            return await self._embedded.ensure_running(refused)
        functions_url = context.functions_url or f"{context.url}/functions/v1"
        return Endpoint(context.url, context.anon_key or "", functions_url.rstrip("/"))


class Wire:
    """Sends calls in somebody's name: the person who is signed in, or an operator."""

    def __init__(self, transport: Transport, locator: Locator, tokens: Tokens) -> None:
        self._transport = transport
        self._locator = locator
        self._tokens = tokens

    async def ask(self, call: Call) -> Any:
        """Send a call and return the JSON of its answer.

        Raises:
            PocketLLMError: What the failure means.
        """
        with failures_of(self._tokens.context):
            return json_or_fail(await self._send(call, stream=False))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator["httpx.Response"]:
        """Send a call and hand out its answer while it arrives.

        Raises:
            PocketLLMError: It failed before the first byte, or broke off.
        """
        with failures_of(self._tokens.context):
            response = await self._send(call, stream=True)
            try:
                if not response.is_success:
                    with translated_failures(self._transport.log):
                        await response.aread()
                    raise failure_of(response)
                with translated_failures(self._transport.log):
                    yield response
            finally:
                await response.aclose()

    async def address(self, service: Service, path: str) -> str:
        """Return the whole address of a path, for somebody who needs no token there."""
        return f"{_base(await self._locator.locate(), service)}/{path}"

    async def _send(self, call: Call, *, stream: bool) -> "httpx.Response":
        token = await self._token()
        response = await self._send_once_more(call, token, stream=stream)
        if not await self._is_token_refused(call, response):
            return response
        await response.aclose()
        token = await self._tokens.renewed_token(token)
        return await self._send_once_more(call, token, stream=stream)

    async def _is_token_refused(self, call: Call, response: "httpx.Response") -> bool:
        if call.service != "storage" or response.status_code != _STORAGE_REFUSED:
            return response.status_code == _NOT_AUTHENTICATED
        with translated_failures(self._transport.log):
            await response.aread()
        return isinstance(failure_of(response), SessionExpired)

    async def _token(self) -> str:
        await self._locator.locate()  # first: the local account needs a backend to be made at
        return await self._tokens.access_token()

    async def _send_once_more(self, call: Call, token: str, *, stream: bool) -> "httpx.Response":
        endpoint = await self._locator.locate()
        try:
            return await self._transport.send(self._build(call, endpoint, token), stream=stream)
        except NotConnected:
            if not await self._locator.relocate(endpoint) and call.method != "GET":
                raise
        except BackendUnreachable:
            if call.method != "GET":
                raise  # it may have been done
        endpoint = await self._locator.locate()
        return await self._transport.send(self._build(call, endpoint, token), stream=stream)

    def _build(self, call: Call, endpoint: Endpoint, token: str) -> "httpx.Request":
        client = self._transport.client
        timeout = client.timeout
        if call.silence_seconds is not None:
            timeout = type(timeout)(call.silence_seconds, connect=timeout.connect)
        return client.build_request(
            call.method,
            f"{_base(endpoint, call.service)}/{call.path}",
            params=call.params,
            json=call.body,
            content=call.content() if call.content else None,
            headers={
                "apikey": endpoint.publishable_key,
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                **call.headers,
            },
            timeout=timeout,
        )


def _base(endpoint: Endpoint, service: Service) -> str:
    match service:
        case "tables":
            return f"{endpoint.url}/rest/v1"
        case "storage":
            return f"{endpoint.url}/storage/v1"
        case "auth":
            return f"{endpoint.url}/auth/v1"
        case "functions":
            return endpoint.functions_url
        case _:
            assert_never(service)
