"""The failures of Storage, in its shape: the HTTP status is 400, the real one stands in the body.

Source: https://github.com/supabase/storage/blob/master/src/internal/errors/codes.ts
"""

from psycopg import Error as PostgresError
from psycopg import errors as postgres
from starlette.responses import Response

from backend_functions.errors import ServiceError
from backend_functions.http import Json


class StorageError(Exception):
    """A refusal.

    Args:
        status: What it is; the HTTP status is 400 all the same, but for 500 and above.
        code: The service's stable name for it.
        message: What the caller reads; holds nothing they could not see already.
        error: The older name for it, where that is another.
    """

    def __init__(self, status: int, code: str, message: str, *, error: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.error = error or code


def no_such_bucket() -> StorageError:
    """Return the failure to find a bucket, or to be allowed to see it."""
    return StorageError(404, "NoSuchBucket", "Bucket not found", error="Bucket not found")


def no_such_object() -> StorageError:
    """Return the failure to find an object, or to be allowed to see it."""
    return StorageError(404, "NoSuchKey", "Object not found", error="not_found")


def access_denied(message: str = "Access denied") -> StorageError:
    """Return the refusal of what row level security does not allow."""
    return StorageError(403, "AccessDenied", message, error="Unauthorized")


def already_exists(code: str = "KeyAlreadyExists") -> StorageError:
    """Return the refusal to write over something."""
    return StorageError(409, code, "The resource already exists", error="Duplicate")


def invalid_request(message: str) -> StorageError:
    """Return the refusal of what cannot be meant."""
    return StorageError(400, "InvalidRequest", message)


def invalid_key(name: str) -> StorageError:
    """Return the refusal of an object's name."""
    return StorageError(400, "InvalidKey", f"Invalid key: {name[:200]}")


def invalid_bucket_name() -> StorageError:
    """Return the refusal of a bucket's name."""
    return StorageError(400, "InvalidBucketName", "Bucket name invalid", error="Invalid Input")


def invalid_mime_type(mime_type: str) -> StorageError:
    """Return the refusal of a content type."""
    message = f"mime type {mime_type[:200]} is not supported"
    return StorageError(415, "InvalidMimeType", message, error="invalid_mime_type")


def too_large(what: str = "object") -> StorageError:
    """Return the refusal of too many bytes."""
    message = f"The {what} exceeded the maximum allowed size"
    return StorageError(413, "EntityTooLarge", message, error="Payload too large")


def too_slow() -> StorageError:
    """Return the refusal of a body that stands still, or nearly so."""
    return StorageError(408, "Aborted", "The request took too long to arrive")


def invalid_signature(message: str = "Invalid signature") -> StorageError:
    """Return the refusal of a signed URL that was made for something else."""
    return StorageError(400, "InvalidSignature", message)


def feature_not_enabled(feature: str) -> StorageError:
    """Return the refusal of what a hosted project may do and we do not."""
    message = f"The feature {feature} is not enabled for this resource"
    return StorageError(409, "FeatureNotEnabled", message)


def from_postgres(error: PostgresError) -> StorageError | None:
    """Return what a refusal of PostgreSQL means, or None for trouble of the database itself."""
    match error:
        case postgres.InsufficientPrivilege():
            by_policy = "row-level security" in (error.diag.message_primary or "")
            return access_denied(
                "new row violates row-level security policy" if by_policy else "Access denied"
            )
        case postgres.UniqueViolation():
            is_bucket = error.diag.table_name == "buckets"
            return already_exists("BucketAlreadyExists" if is_bucket else "KeyAlreadyExists")
        case postgres.ForeignKeyViolation():
            message = "The related resource does not exist"
            return StorageError(404, "InvalidRequest", message)
        case postgres.DataError() | postgres.IntegrityError():
            return invalid_request("The request holds a value that cannot be stored")
        case _:
            return None


def from_service(error: ServiceError) -> StorageError:
    """Return a failure of our own in the words of Storage."""
    if error.status == 401:
        return access_denied(error.message)
    if error.status < 500:
        return StorageError(error.status, "InvalidRequest", error.message)
    return unavailable()


def unavailable() -> StorageError:
    """Return the failure of the database or the disk."""
    message = "The connection to the database timed out"
    return StorageError(544, "DatabaseTimeout", message)


def respond_with_error(error: StorageError, *, with_body: bool = True) -> Response:
    """Render a refusal.

    Source: https://github.com/supabase/storage/blob/master/src/http/error-handler.ts
    """
    status = error.status if error.status >= 500 else 400
    body = {
        "statusCode": str(error.status),
        "error": error.error,
        "message": error.message,
        "code": error.code,
    }
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if error.status == 408:
        headers["connection"] = "close"
    return (
        Json(body, status_code=status, headers=headers)
        if with_body
        else Response(status_code=status, headers=headers)
    )
