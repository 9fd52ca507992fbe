"""The HTTP client that providers are called with.

The rule of `policy` is applied twice: to the address as it is configured, so that a user hears of
it, and to the very address a socket is opened to, so that no name, redirect or second look-up gets
around it.
"""

import socket
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path

import aiohttp
import certifi
import httpx

from backend_functions.egress.policy import EgressPolicy, origin
from backend_functions.egress.transport import AiohttpTransport
from backend_functions.settings import Limits

_SCHEMES = ("http", "https")
_SERVICES = ("/auth/v1/", "/storage/v1/")

AddressInfo = tuple[int, int, int, str, tuple[str | int, ...]]


class AddressRefused(OSError):
    """A socket was about to be opened to an address the proxy does not call."""


def open_client(
    policy: EgressPolicy, limits: Limits, *, own_project: str | None = None
) -> httpx.AsyncClient:
    """Return the one client that providers are called with; its owner closes it.

    It takes nothing from the environment (proxies, netrc, certificates), follows no redirect,
    keeps no cookie and decompresses nothing.

    Args:
        own_project: The address of the project where it is on a private network: its Auth and
            Storage are called wherever they are, and nothing else there is.
    """
    transport: httpx.AsyncBaseTransport = _transport(policy, limits)
    if own_project is not None:
        inside = _transport(_Anywhere(), limits)
        transport = _OwnProject(origin(httpx.URL(own_project)), inside, transport)
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(None, connect=limits.connect_seconds, pool=30.0),
        headers={"accept-encoding": "identity", "user-agent": "pocketllm"},
        trust_env=False,
        follow_redirects=False,
    )


class _Anywhere(EgressPolicy):
    """What the operator's own settings name may be called wherever it is."""

    def __init__(self) -> None:
        super().__init__(allow_loopback=True)

    def allows(self, address: str) -> bool:
        return True


class _OwnProject(httpx.AsyncBaseTransport):
    """Sends what is for a project's services one way, and everything else the other.

    A user may name a provider there, too, and would reach what anybody can call.
    """

    def __init__(
        self, own: str, inside: httpx.AsyncBaseTransport, outside: httpx.AsyncBaseTransport
    ) -> None:
        self._own, self._inside, self._outside = own, inside, outside

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        is_known = url.scheme in _SCHEMES and url.path.startswith(_SERVICES)
        is_own = is_known and origin(url) == self._own
        return await (self._inside if is_own else self._outside).handle_async_request(request)

    async def aclose(self) -> None:
        await self._inside.aclose()
        await self._outside.aclose()


def _transport(policy: EgressPolicy, limits: Limits) -> AiohttpTransport:
    return AiohttpTransport(
        _session_factory(policy, limits),
        response_seconds=limits.response_seconds,
        idle_seconds=limits.idle_seconds,
    )


def _session_factory(policy: EgressPolicy, limits: Limits) -> Callable[[], aiohttp.ClientSession]:
    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not policy.allows(str(address[0])):
            raise AddressRefused("this server does not call that address")
        return socket.socket(family, kind, protocol)

    def make() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            socket_factory=open_socket,
            ssl=_trusting(certifi.where()),
            limit=limits.max_open_streams,
            keepalive_timeout=30.0,
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=256 * 1024,
        )

    return make


@cache
def _trusting(bundle: str) -> ssl.SSLContext:
    """Trust what the system and a bundle trust, and no file that the environment names.

    `ssl.create_default_context()` alone would follow SSL_CERT_FILE and SSL_CERT_DIR. Read once:
    it takes 40 ms.
    """
    context = ssl.create_default_context(cafile=bundle)
    system = ssl.get_default_verify_paths()
    if Path(system.openssl_cafile).is_file():
        context.load_verify_locations(cafile=system.openssl_cafile)
    if Path(system.openssl_capath).is_dir():
        context.load_verify_locations(capath=system.openssl_capath)
    return context
