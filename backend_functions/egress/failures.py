"""What httpx has no name for."""

import httpx


class NotSecure(httpx.ConnectError):
    """No secure connection could be made; nothing was sent."""


class CertificateInvalid(NotSecure):
    """The server's certificate is not to be trusted."""
