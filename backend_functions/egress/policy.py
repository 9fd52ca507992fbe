"""Which addresses the proxy may call; `client` calls no others."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from backend_functions.errors import InvalidRequest
from backend_functions.settings import Mode

_NAT64 = IPv6Network("64:ff9b::/96")
_FIRST_FREE_PORT = 1024
_CLOSED_PORTS = frozenset({3306, 5432, 6379, 6543, 11211, 27017})
_PORT_OF_SCHEME = {"http": 80, "https": 443}


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
