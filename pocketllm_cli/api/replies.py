"""Reads what the backend answers: the JSON of a success, or the error that a failure means."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.errors import (
    BackendProblem,
    BackendUnreachable,
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PocketLLMError,
    QuotaExceeded,
    SessionExpired,
    TooLarge,
    error_for,
)

if TYPE_CHECKING:
    import httpx

_BY_STATUS: Final[dict[int, type[PocketLLMError]]] = {
    400: InvalidRequest,
    401: SessionExpired,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: InvalidRequest,
    429: QuotaExceeded,
    502: BackendUnreachable,
    503: BackendUnreachable,
    504: BackendUnreachable,
}
_BY_SQLSTATE: Final[dict[str, type[PocketLLMError]]] = {"42501": NotAllowed, "23505": Conflict}


def json_or_fail(response: "httpx.Response") -> Any:
    """Return the JSON of a successful answer; None for an empty one.

    Raises:
        PocketLLMError: What the failure means.
    """
    if not response.is_success:
        raise failure_of(response)
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise _not_ours() from error


def failure_of(response: "httpx.Response") -> PocketLLMError:
    """Build the error for an answer that is not a success; its body must have been read.

    Functions answer {"error": {code, message}}, the tables {code, message, details, hint}.
    Anything that is not JSON was not said by a backend of ours: a portal, a proxy, another site.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return _not_ours()
    return _of_body(response.status_code, body)


def _of_body(status: int, body: Mapping[str, Any]) -> PocketLLMError:
    inner = body.get("error")
    if isinstance(inner, dict):
        return error_for(str(inner.get("code")), _text(inner.get("message")))
    kind = _BY_SQLSTATE.get(str(body.get("code"))) or _BY_STATUS.get(status, BackendProblem)
    if kind in (SessionExpired, NotAllowed):
        return kind()
    return kind(_text(body.get("message") or body.get("msg")))


def _not_ours() -> BackendUnreachable:
    return BackendUnreachable(
        "Something other than a PocketLLM backend answered.",
        hint="Check the address with `pocketllm context show`; "
        "a network that wants you to sign in first answers like this too.",
    )


def _text(value: object) -> str | None:
    return value.strip()[:500] if isinstance(value, str) and value.strip() else None
