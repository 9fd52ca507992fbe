"""Failures a caller may see. `detail` is for the log and never leaves the server.

ServiceError
+- InvalidRequest 422 | Unsupported 415 | TooLarge 413 | TooSlow 408 | Conflict 409
+- NotAuthenticated 401 | NotPermitted 403 | NotFound 404 | WrongMethod 405 | TooManyRequests 429
+- NotConfigured 422       the user's config lacks something: a key, a model, an address
+- Unavailable 503         our database or our own parts
+- ProviderError 502       the provider failed: ProviderRejectedKey | ProviderBusy |
                           ProviderRefused | ProviderUnreachable | ProviderIncomplete
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
    usual_wait_seconds: ClassVar[float | None] = None

    def __init__(
        self,
        message: str | None = None,
        *,
        detail: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.detail = detail
        self.retry_after_seconds = (
            self.usual_wait_seconds if retry_after_seconds is None else retry_after_seconds
        )
        """When trying again may help; None where nobody knows. Of a provider's failure: how long
        the provider asks us to wait, 0 to 3600."""
        super().__init__(detail or self.message)

    @property
    def detail_for_log(self) -> str | None:
        """What the log may hold of the detail."""
        return self.detail or None


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


class TooSlow(ServiceError):
    """A body that takes too long to come."""

    status = 408
    code = "too_slow"
    default_message = "The request took too long to arrive. Try again on a better connection."


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


class WrongMethod(ServiceError):
    """An address that is there, asked in a way it does not take."""

    status = 405
    code = "method_not_allowed"
    default_message = "This address does not take requests of this method."


class TooManyRequests(ServiceError):
    """More at once, or more in a while, than one user may ask for."""

    status = 429
    code = "too_many_requests"
    default_message = "Too many requests. Wait a moment and try again."
    usual_wait_seconds = 5.0


class NotConfigured(ServiceError):
    """The user's own configuration lacks something the request needs."""

    status = 422
    code = "not_configured"
    default_message = "The model config is not complete."


class SearchNotConfigured(NotConfigured):
    """Neither the user nor the server has a key for web search."""

    code = "search_not_configured"
    default_message = "Web search needs a key of Tavily, and there is none."


class ImagesNotConfigured(NotConfigured):
    """Neither the user nor the server has a key for pictures."""

    code = "images_not_configured"
    default_message = "Pictures need a key of ImageRouter, and there is none."


class Unavailable(ServiceError):
    """A part of ours does not answer."""

    status = 503
    code = "unavailable"
    default_message = "The service is not available right now. Try again shortly."
    usual_wait_seconds = 5.0


class ProviderError(ServiceError):
    """The provider failed us in a way no other class says better."""

    status = 502
    code = "provider_failed"
    default_message = "The model provider failed."

    def __init__(
        self,
        message: str | None = None,
        *,
        detail: str = "",
        upstream_status: int | None = None,
        retry_after_seconds: float | None = None,
        failed_before_answer: bool = False,
    ) -> None:
        super().__init__(message, detail=detail, retry_after_seconds=retry_after_seconds)
        self.upstream_status = upstream_status
        """The HTTP status the provider gave, or the one its error event stands for."""
        self.failed_before_answer = failed_before_answer
        """The connection failed before the provider sent anything back."""

    @property
    def detail_for_log(self) -> str | None:
        """The detail without the provider's own words, which may quote a prompt or a key: they
        stand after its first colon."""
        return self.detail.partition(":")[0] or None


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
