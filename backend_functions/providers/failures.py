"""A provider's failure in our words: by its status and its own codes, never by its sentences.

What the provider says goes into `detail`, for the log only: an internal service may have said it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from backend_functions.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderRejectedKey,
    ProviderUnreachable,
)

_KIND_OF_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderRejectedKey,
    402: ProviderBusy,
    403: ProviderRejectedKey,
    408: ProviderUnreachable,
    429: ProviderBusy,
    503: ProviderBusy,
    504: ProviderUnreachable,
    529: ProviderBusy,
}
_STATUS_OF_CODE = {
    # Anthropic: https://platform.claude.com/docs/en/api/errors
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    # OpenAI and those that speak like it
    "invalid_api_key": 401,
    "insufficient_quota": 402,
    "model_not_found": 404,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    # Google: https://cloud.google.com/apis/design/errors#error_model
    "API_KEY_INVALID": 401,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    # ImageRouter: https://github.com/DaWe35/image-router
    "unauthorized": 401,
    "deposit_required": 402,
    "access_denied": 403,
    "moderation_blocked": 400,
    "content_policy_violation": 400,
    # the least telling come last: many a failure is called so
    "image_generation_user_error": 400,
    "internal_error": 500,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "invalid_request_error": 400,
}
_CODES = tuple(_STATUS_OF_CODE)
_TELLING_MORE_THAN_STATUS = ("API_KEY_INVALID", "insufficient_quota")
_MODERATION = frozenset({"moderation_blocked", "content_policy_violation"})
_MODERATED = "The provider's moderation refused the request."
_RETRYABLE = frozenset({429, 500, 502, 503, 504, 529})
_MAX_WAIT_SECONDS = 3600.0


def parse_error(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime
) -> ProviderError:
    """Return the failure that a response with an error status is.

    Args:
        status: Not 200.
        body: The beginning of the response; any bytes.
        headers: Of the response, looked up in lower case.
        now: Aware; a Retry-After may be a date.
    """
    codes = set(_codes(_error_of(body)))
    better = next((code for code in _TELLING_MORE_THAN_STATUS if code in codes), None)
    known = status if better is None else _STATUS_OF_CODE[better]
    detail = f"status {status}: {body.decode(errors='replace')}"
    return _failure(known, detail, parse_retry_after(headers, now), codes)


def parse_failure(error: object) -> ProviderError:
    """Return the failure that a provider reports with status 200 or in the midst of an answer.

    Args:
        error: What its JSON has under `error`.
    """
    detail = f"error in the answer: {error}"
    codes = list(_codes(error))
    statuses = [code for code in codes if isinstance(code, int) and 400 <= code < 600]
    if statuses:
        return _failure(statuses[0], detail, None, codes)
    known = [code for code in codes if isinstance(code, str) and code in _STATUS_OF_CODE]
    if known:
        status = _STATUS_OF_CODE[min(known, key=_CODES.index)]
        return _failure(status, detail, None, codes)
    return ProviderError(detail=detail)


def parse_failure_body(body: bytes) -> ProviderError | None:
    """Return the failure a JSON body reports; None when it reports none."""
    error = _error_of(body)
    return parse_failure(error) if error else None


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a provider asks us to wait, 0 to 3600; None when it does not say.

    Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3; `retry-after-ms` is OpenAI's.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, _MAX_WAIT_SECONDS)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:  # "-0000": UTC of unknown origin
            moment = moment.replace(tzinfo=UTC)
        seconds = max((moment - now).total_seconds(), 0.0)
    return None if seconds is None else min(seconds, _MAX_WAIT_SECONDS)


def is_retryable(error: Exception) -> bool:
    """Tell whether asking again may help; only true of failures that cost the user nothing.

    Whether a part of the answer has come already is for the caller to know: then never.
    """
    if not isinstance(error, ProviderError):
        return False
    return error.failed_before_answer or error.upstream_status in _RETRYABLE


def _failure(
    status: int, detail: str, retry_after_seconds: float | None, codes: Iterable[int | str]
) -> ProviderError:
    kind = _KIND_OF_STATUS.get(status)
    if kind is None:
        kind = ProviderRefused if 400 <= status < 500 else ProviderError
    message = "The provider does not know this model or address." if status == 404 else None
    if not _MODERATION.isdisjoint(codes):
        message = _MODERATED
    return kind(
        message,
        detail=detail,
        upstream_status=status,
        retry_after_seconds=retry_after_seconds,
    )


def _error_of(body: bytes) -> object:
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, list) and value:  # Google's errors come in a list at times
        value = value[0]
    return value.get("error") if isinstance(value, dict) else None


def _codes(error: object) -> Iterator[int | str]:
    """Everything in an error that may be a code: numbers, and names of kinds and reasons."""
    if not isinstance(error, dict):
        return
    details = error.get("details")
    reasons = details if isinstance(details, list) else []
    found = [detail.get("reason") for detail in reasons if isinstance(detail, dict)]
    for code in (*found, error.get("code"), error.get("status"), error.get("type")):
        if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
            yield int(code)
        elif isinstance(code, str | int):
            yield code


def _number(text: str | None) -> float | None:
    """A finite number that is not negative, else None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
