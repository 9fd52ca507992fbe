from datetime import UTC, datetime
from typing import Any

import pytest

from backend_functions import errors
from backend_functions.providers.failures import (
    is_retryable,
    parse_error,
    parse_failure,
    parse_failure_body,
    parse_retry_after,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 20 "}, 20.0),
        ({"retry-after": "86400"}, 3600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 13:00:30 +0100"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600.0),
        ({"retry-after": "Thu, 99 Jan 2026 12:00:30 GMT"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 +99999999"}, None),
        ({"retry-after-ms": "120"}, 0.12),
        ({"retry-after-ms": "99999999999", "retry-after": "1"}, 3600.0),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1.0),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form_and_never_absurd(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert parse_retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "body", "kind", "may_help"),
    [
        (400, b"", errors.ProviderRefused, False),
        (
            400,
            b'{"error":{"code":400,"status":"INVALID_ARGUMENT","details":'
            b'[{"@type":"x","reason":"API_KEY_INVALID"}]}}',
            errors.ProviderRejectedKey,
            False,
        ),
        (400, b'[{"error":{"code":400,"status":"X"}}]', errors.ProviderRefused, False),
        (401, b"<html>", errors.ProviderRejectedKey, False),
        (402, b"", errors.ProviderBusy, False),
        (404, b"[]", errors.ProviderRefused, False),
        (408, b"", errors.ProviderUnreachable, False),
        (429, b'{"error":{"type":"rate_limit_error"}}', errors.ProviderBusy, True),
        (429, b'{"error":{"code":"insufficient_quota"}}', errors.ProviderBusy, False),
        (500, b'{"error":"\xff', errors.ProviderError, True),
        (501, b"", errors.ProviderError, False),
        (529, b"", errors.ProviderBusy, True),
        (304, b"", errors.ProviderError, False),
    ],
)
def test_a_refusal_is_told_by_its_status_unless_a_code_says_it_better(
    status: int, body: bytes, kind: type[errors.ProviderError], may_help: bool
) -> None:
    error = parse_error(status, body, {}, NOW)

    assert type(error) is kind
    assert is_retryable(error) is may_help


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "x"}, errors.ProviderBusy),
        ({"type": "authentication_error"}, errors.ProviderRejectedKey),
        ({"type": "invalid_request_error", "code": "model_not_found"}, errors.ProviderRefused),
        ({"type": "invalid_request_error", "code": "invalid_api_key"}, errors.ProviderRejectedKey),
        ({"code": 503}, errors.ProviderBusy),
        ({"code": "429"}, errors.ProviderBusy),
        ({"code": True}, errors.ProviderError),
        ({"code": 7, "status": "UNAVAILABLE"}, errors.ProviderBusy),
        ({"details": "x"}, errors.ProviderError),
        ("model 'x' not found", errors.ProviderError),
        (["x"], errors.ProviderError),
    ],
)
def test_a_failure_without_status_is_told_by_its_codes(
    error: Any, kind: type[errors.ProviderError]
) -> None:
    assert type(parse_failure(error)) is kind


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"error":null}', b"7"])
def test_a_body_that_reports_no_failure_is_none(body: bytes) -> None:
    assert parse_failure_body(body) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.ServiceError(),
        errors.Unavailable(),
        ValueError(),
        errors.ProviderIncomplete(),
        errors.ProviderUnreachable(detail="no first token in time"),
    ],
)
def test_what_is_no_passing_fault_of_the_provider_is_not_tried_again(error: Exception) -> None:
    assert not is_retryable(error)


def test_what_the_provider_said_is_for_the_log_only() -> None:
    error = parse_error(500, b"secret of an internal service", {}, NOW)

    assert "secret" in error.detail
    assert "secret" not in error.message
