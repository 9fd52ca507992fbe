"""Translates what PostgreSQL answers into what the caller is told.

Source: https://docs.postgrest.org/en/latest/references/errors.html#http-status-codes
"""

import orjson
import psycopg
import structlog

from backend_functions.access import TokenExpired
from backend_functions.errors import (
    NotAuthenticated,
    ServiceError,
    TooLarge,
    TooSlow,
    Unavailable,
)
from backend_functions.gateway.rest.errors import RestError

log = structlog.get_logger(__name__)

_EXACT = {
    "21000": 500,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
}
_CLASSES = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}
_OURS_TO_KNOW = ("XX", "F0", "58")
"""Classes that tell of the server's insides; their messages stay in the log."""
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def from_postgres(error: psycopg.Error, *, signed_in: bool) -> RestError:
    """Return what a caller is told about an error of a statement or a connection."""
    code = error.sqlstate
    if code is None and not isinstance(error, psycopg.OperationalError):
        log.error("statement not sent", exc_info=error)
        return RestError("PGRSTX00", "Something went wrong on our side.")
    if code is None:
        log.warning("database unreachable", exc_info=error)
        return RestError("PGRST001", "Database client error. Retrying the connection.")
    if code == "PGRST":
        return _raised_for_us(error)
    if code.startswith(_OURS_TO_KNOW):
        log.error("database failed", exc_info=error)
        return RestError(code, "The database failed to answer.", status=500)
    status = _status(code, signed_in=signed_in)
    if status >= 500:
        log.warning("database refused", code=code, exc_info=error)
    diagnosis = error.diag
    return RestError(
        code,
        diagnosis.message_primary or "The database refused the request.",
        details=diagnosis.message_detail,
        hint=diagnosis.message_hint,
        status=status,
        headers=_CHALLENGE if status == 401 else None,
    )


def _status(code: str, *, signed_in: bool) -> int:
    if code == "42501":
        return 403 if signed_in else 401
    if code.startswith("PT") and code[2:].isdigit():
        return min(max(int(code[2:]), 200), 599)
    return _EXACT.get(code) or _CLASSES.get(code[:2], 400)


def _raised_for_us(error: psycopg.Error) -> RestError:
    """Read the answer that a function spelled out with `raise sqlstate 'PGRST'`."""
    try:
        message = orjson.loads(error.diag.message_primary or "")
        detail = orjson.loads(error.diag.message_detail or "")
        return RestError(
            str(message["code"]),
            str(message["message"]),
            details=message.get("details"),
            hint=message.get("hint"),
            status=min(max(int(detail["status"]), 200), 599),
            headers={str(name): str(value) for name, value in detail.get("headers", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return RestError("PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error")


def from_service(error: ServiceError) -> RestError:
    """Return a refusal of ours in the shape of this service."""
    match error:
        case TokenExpired():
            # These words and this code tell clients that a refresh helps.
            message = "JWT expired"
            challenge = f'Bearer error="invalid_token", error_description="{message}"'
            return RestError("PGRST303", message, headers={"WWW-Authenticate": challenge})
        case NotAuthenticated():
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return RestError("PGRST301", error.message, headers=headers)
        case Unavailable():
            log.warning("unavailable", detail=error.detail)
            message = "Timed out acquiring connection from connection pool."
            return RestError("PGRST003", message)
        case TooLarge():
            return RestError("PGRST102", error.message, status=error.status)
        case TooSlow():
            close = {"Connection": "close"}
            return RestError("PGRST102", error.message, status=error.status, headers=close)
        case _:
            return RestError(error.code, error.message, status=error.status)
