"""Reads what the backend answers: the JSON of a success, or the error that a failure means."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pocketllm_cli.errors import (
    BackendProblem,
    BackendUnreachable,
    CodeNeeded,
    Conflict,
    FileNotStored,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PasswordNeeded,
    PocketLLMError,
    QuotaExceeded,
    SessionExpired,
    TooLarge,
    WrongCode,
    WrongPassword,
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
_LONGEST_WAIT_SECONDS: Final = 86_400.0
_TAKEN: Final = "23505"
"""Of this the database tells the names of its constraints."""
_BY_SQLSTATE: Final[dict[str, type[PocketLLMError]]] = {
    "42501": NotAllowed,
    _TAKEN: Conflict,
    "P0002": NotFound,
}
_BY_AUTH_CODE: Final[dict[str, type[PocketLLMError]]] = {
    "bad_jwt": SessionExpired,
    "session_not_found": SessionExpired,
    "reauthentication_needed": CodeNeeded,
    "reauthentication_not_valid": WrongCode,
    "current_password_required": PasswordNeeded,
    "current_password_mismatch": WrongPassword,
    "invalid_credentials": WrongPassword,
}
_SAY_IT_OURSELVES: Final = (SessionExpired, NotAllowed, *_BY_AUTH_CODE.values())
"""What the backend says of these helps nobody."""


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

    Functions answer {"error": {code, message}}, the tables {code, message, details, hint}, the auth
    service {code, message} or {code, error_code, msg}, Storage {statusCode, error, message, code}
    with a status that says little.
    Anything that is not JSON was not said by a backend of ours: a portal, a proxy, another site.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return _not_ours()
    error = _of_body(response.status_code, body)
    seconds = _retry_after(response.headers.get("retry-after"))
    if isinstance(error, QuotaExceeded) and seconds is not None:
        error.wait(seconds)
    return error


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which may also name a point in time."""
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT_SECONDS)
    from email.utils import parsedate_to_datetime  # rare

    try:
        moment = parsedate_to_datetime(value)
        return min(max(moment.timestamp() - time.time(), 0.0), _LONGEST_WAIT_SECONDS)
    except (TypeError, ValueError, OverflowError):
        return None


def _of_body(status: int, body: Mapping[str, Any]) -> PocketLLMError:
    inner = body.get("error")
    if isinstance(inner, dict):
        return error_for(str(inner.get("code")), _text(inner.get("message")))
    if "statusCode" in body:
        return _of_storage(body)
    code = str(body.get("error_code") or body.get("code"))
    named = _BY_SQLSTATE.get(code) or _BY_AUTH_CODE.get(code)
    kind = named or _BY_STATUS.get(status, BackendProblem)
    if kind in _SAY_IT_OURSELVES or code == _TAKEN:
        return kind()
    return kind(_text(body.get("message") or body.get("msg")))


def _of_storage(body: Mapping[str, Any]) -> PocketLLMError:
    code, message = str(body["statusCode"]), _text(body.get("message"))
    if code in {"401", "403"}:
        is_session = "policy" not in (message or "") and message != "Access denied"
        return SessionExpired() if is_session else NotAllowed()
    if code in {"413", "415"}:
        return FileNotStored(f"{(message or 'That').capitalize()}.")
    status = int(code) if code.isascii() and code.isdigit() else 500
    return _BY_STATUS.get(status, BackendProblem)(message)


def _not_ours() -> BackendUnreachable:
    return BackendUnreachable(
        "Something other than a PocketLLM backend answered.",
        hint="Check the address with `pocketllm context show`; "
        "a network that wants you to sign in first answers like this too.",
    )


def _text(value: object) -> str | None:
    return value.strip()[:500] if isinstance(value, str) and value.strip() else None
