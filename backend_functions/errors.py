"""Failures a caller may see. `detail` is for the log and never leaves the server.

ServiceError
+- InvalidRequest 422 | Unsupported 415 | TooLarge 413 | Conflict 409
+- NotAuthenticated 401 | NotPermitted 403 | NotFound 404 | TooManyRequests 429
+- NotConfigured 422       the user's config lacks something: a key, a model, an address
+- Unavailable 503         our database or our own parts
+- ProviderError 502       the provider: RejectedKey | Busy | Refused | Unreachable | Failed | Incomplete
"""

from typing import ClassVar


class ServiceError(Exception):
    """Base of every failure the API answers with.

    `message` is one sentence for a person; subclasses give the usual one and a raise may give a
    better one. It must hold nothing the caller could not already see.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "unexpected_failure"
    default_message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, message: str | None = None, *, detail: str = "") -> None:
        self.message = message or self.default_message
        self.detail = detail
        super().__init__(detail or self.message)


class InvalidRequest(ServiceError):
    """The body or the query cannot be what the caller meant."""

    status = 422
    code = "invalid_request"
    default_message = "The request is not valid."


class Unsupported(ServiceError):
    """A content type or encoding that is not taken."""

    status = 415
    code = "unsupported_media_type"
    default_message = "Send JSON, not compressed."


class TooLarge(ServiceError):
    """More bytes than are taken."""

    status = 413
    code = "too_large"
    default_message = "The request is too large."


class Conflict(ServiceError):
    """What is asked for contradicts what is stored."""

    status = 409
    code = "conflict"
    default_message = "That contradicts what is stored."


class NotAuthenticated(ServiceError):
    """No usable credential."""

    status = 401
    code = "not_authenticated"
    default_message = "Sign in first."


class NotPermitted(ServiceError):
    """A credential that may not do this."""

    status = 403
    code = "not_permitted"
    default_message = "This is not permitted."


class NotFound(ServiceError):
    """Missing, or somebody else's: the two are never told apart."""

    status = 404
    code = "not_found"
    default_message = "There is no such thing."


class TooManyRequests(ServiceError):
    """More at once, or more in a while, than one user may ask for."""

    status = 429
    code = "too_many_requests"
    default_message = "Too many requests. Wait a moment and try again."


class NotConfigured(ServiceError):
    """The user's own configuration lacks something the request needs."""

    status = 422
    code = "not_configured"
    default_message = "The model config is not complete."


class Unavailable(ServiceError):
    """A part of ours does not answer."""

    status = 503
    code = "unavailable"
    default_message = "The service is not available right now. Try again shortly."


class ProviderError(ServiceError):
    """The provider failed us in a way no other class says better."""

    status = 502
    code = "provider_failed"
    default_message = "The model provider failed."


class ProviderRejectedKey(ProviderError):
    """The provider refused the key (its 401 or 403)."""

    code = "provider_rejected_key"
    default_message = "The model provider rejected the key of this model config."


class ProviderBusy(ProviderError):
    """The provider is rate-limiting or overloaded (its 429, 503 or 529)."""

    status = 503
    code = "provider_busy"
    default_message = "The model provider is busy or the quota is used up. Try again later."


class ProviderRefused(ProviderError):
    """The provider understood and refused (another 4xx): an unknown model, a bad parameter."""

    status = 422
    code = "provider_refused"
    default_message = "The model provider refused the request."


class ProviderUnreachable(ProviderError):
    """No connection to the provider, or no answer in time."""

    status = 504
    code = "provider_unreachable"
    default_message = "The model provider could not be reached."


class ProviderIncomplete(ProviderError):
    """The stream ended without the provider's own end marker."""

    code = "provider_incomplete"
    default_message = "The answer broke off before its end."
