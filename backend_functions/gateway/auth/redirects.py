"""Where a link in a mail may lead: back to the site, to this machine, or where a setting says.

Pure. Anything else leads to the site, so that no mail of ours can be made to point elsewhere.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from backend_functions.settings import AuthSettings

_MAX_CHARACTERS = 2048
# What browsers and parsers read alike: printable ASCII, without the backslash that some browsers
# take for a slash, and without the quotes and brackets that would end a link in a page.
_PLAIN = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")


def choose_redirect(asked: str | None, settings: AuthSettings) -> str:
    """Return the address that was asked for if it is allowed, else the site's."""
    return asked if asked and is_allowed(asked, settings) else settings.site_url


def is_allowed(url: str, settings: AuthSettings) -> bool:
    """Say whether a link may lead to an address."""
    parts = _split(url)
    if parts is None:
        return False
    is_web = parts.scheme in ("http", "https")
    if is_web and _is_this_machine(parts.hostname or ""):
        return True
    site = _split(settings.site_url)
    if is_web and site is not None and _origin(parts) == _origin(site):
        return True
    address = url.partition("#")[0]
    return any(_pattern(allowed).fullmatch(address) for allowed in settings.redirect_urls)


def _split(url: str) -> SplitResult | None:
    if len(url) > _MAX_CHARACTERS or not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # which is read only now, and may be no number
    except ValueError:
        return None
    # A name before the host makes an address look like another one.
    is_whole = bool(parts.scheme and parts.netloc) and "@" not in parts.netloc
    return parts if is_whole else None


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    standard = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or standard


def _pattern(allowed: str) -> re.Pattern[str]:
    """Return what an allowed address stands for; `*` stays within a label, `**` does not."""
    pieces = {"**": ".*", "*": "[^./?#]*"}
    split = re.split(r"(\*\*|\*)", allowed)
    return re.compile("".join(pieces.get(piece) or re.escape(piece) for piece in split))


def with_query(url: str, values: Mapping[str, str]) -> str:
    """Return an address with more in its query; what stood there under these names is replaced."""
    parts = urlsplit(url)
    kept = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in values
    ]
    return parts._replace(query=urlencode([*kept, *values.items()])).geturl()


def with_fragment(url: str, values: Mapping[str, str]) -> str:
    """Return an address with these values as its fragment, which no server gets to see."""
    return urlsplit(url)._replace(fragment=urlencode(values)).geturl()
