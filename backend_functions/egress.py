"""Which addresses the proxy may call, and the HTTP client that calls no others.

The rule is applied twice: to the address as it is configured, so that a user hears of it, and to
the very address a socket is opened to, so that no name, redirect or second look-up gets around it.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import aiohttp
import certifi
import httpx

from backend_functions.errors import InvalidRequest
from backend_functions.settings import Limits, Mode
from backend_functions.transport import AiohttpTransport

_NAT64 = IPv6Network("64:ff9b::/96")
_FIRST_FREE_PORT = 1024
_CLOSED_PORTS = frozenset({3306, 5432, 6379, 6543, 11211, 27017})
_PORT_OF_SCHEME = {"http": 80, "https": 443}
_SERVICES = ("/auth/v1/", "/storage/v1/")

AddressInfo = tuple[int, int, int, str, tuple[str | int, ...]]


class AddressRefused(OSError):
    """A socket was about to be opened to an address the proxy does not call."""


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be called: public addresses over https and, if so said, this machine."""

    allow_loopback: bool

    @classmethod
    def for_mode(cls, mode: Mode) -> "EgressPolicy":
        """The embedded backend may call servers beside it (Ollama, llama.cpp), a hosted one not."""
        return cls(allow_loopback=mode == "embedded")

    def allows(self, address: str) -> bool:
        """Tell whether an IP address, in any of its spellings, may be called."""
        try:
            ip = _innermost(ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if ip.is_loopback:
            return self.allow_loopback
        return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _innermost(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Unwrap an IPv4 address that an IPv6 one carries, since that is where packets end."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1] or ip


def check_base_url(text: str, policy: EgressPolicy) -> httpx.URL:
    """Parse the address of a provider as a user gave it; the result is what must be called.

    Raises:
        InvalidRequest: It is no address, or none that this server calls.
    """
    try:
        url = httpx.URL(text.strip().rstrip("/"))
    except httpx.InvalidURL as error:
        raise InvalidRequest("The base URL is not a URL.") from error
    if url.scheme not in _PORT_OF_SCHEME or not url.host:
        raise InvalidRequest("The base URL must begin with https://.")
    if url.userinfo or url.query or url.fragment:
        raise InvalidRequest("The base URL must not hold a user, a query or a fragment.")
    _check_place(url, policy)
    return url


def check_link(text: str, provider: httpx.URL) -> tuple[httpx.URL, bool]:
    """Parse the address of a file as a provider named it; the result is what must be called.

    It may lie with the provider itself, or at any public address: a provider that says where
    a picture is must not be able to send us to what runs beside us.

    Returns:
        The address, and whether it is the provider's own.

    Raises:
        InvalidRequest: It is no address, or none that this server calls for a provider.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError) as error:
        raise InvalidRequest("The link is not a URL.") from error
    if url.scheme not in _PORT_OF_SCHEME or not url.host or url.userinfo:
        raise InvalidRequest("The link must begin with https:// and name no user.")
    if origin(url) == origin(provider):
        return url, True
    _check_place(url, EgressPolicy(allow_loopback=False))
    return url, False


def _check_place(url: httpx.URL, policy: EgressPolicy) -> None:
    port = url.port or _PORT_OF_SCHEME[url.scheme]
    if port in _CLOSED_PORTS or (port < _FIRST_FREE_PORT and port not in (80, 443)):
        raise InvalidRequest(f"The base URL must not use port {port}.")
    is_local = url.host == "localhost" or _is_loopback(url.host)
    if url.scheme == "http" and not (is_local and policy.allow_loopback):
        raise InvalidRequest("The base URL must begin with https://.")
    if (is_local and not policy.allow_loopback) or _is_forbidden_literal(url.host, policy):
        raise InvalidRequest("The base URL points to an address that this server does not call.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_forbidden_literal(host: str, policy: EgressPolicy) -> bool:
    # inet_aton reads what a resolver reads too: 127.1, 0x7f000001, 2130706433
    try:
        return not policy.allows(socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, UnicodeEncodeError):
        pass
    try:
        ip_address(host)
    except ValueError:
        return False
    return not policy.allows(host)


def origin(url: httpx.URL) -> str:
    """Return scheme, host and port: what a sealed key is bound to."""
    return f"{url.scheme}://{url.host}:{url.port or _PORT_OF_SCHEME[url.scheme]}"


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
        is_known = url.scheme in _PORT_OF_SCHEME and url.path.startswith(_SERVICES)
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
