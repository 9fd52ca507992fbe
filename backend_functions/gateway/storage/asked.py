"""One request to Storage, and what every endpoint is handed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from backend_functions.errors import TooLarge, TooSlow
from backend_functions.gateway.storage.errors import (
    StorageError,
    access_denied,
    invalid_request,
    too_large,
    too_slow,
)
from backend_functions.gateway.storage.names import check_bucket_name, check_key
from backend_functions.gateway.storage.signatures import UrlSigner
from backend_functions.gateway.storage.store import Place, StoredObjects
from backend_functions.http import read_whole
from backend_functions.types import Caller

MAX_NAMES = 1000
"""Objects that one request may name."""

_MAX_BODY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Served:
    """What is the same for all requests."""

    store: StoredObjects
    signer: UrlSigner
    identify: Callable[[Request], Awaitable[Caller | None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    served: Served
    request: Request

    @property
    def store(self) -> StoredObjects:
        """Where the objects are."""
        return self.served.store

    @property
    def bucket(self) -> str:
        """The bucket that the URL names.

        Raises:
            StorageError: No bucket can be called that.
        """
        return check_bucket_name(self.request.path_params["bucket"])

    @property
    def place(self) -> Place:
        """The object that the URL names.

        Raises:
            StorageError: No bucket or object can be called that.
        """
        return Place(self.bucket, check_key(self.request.path_params["name"]))

    async def caller_if_any(self) -> Caller | None:
        """Return who calls, or None where nothing, or nothing true, is said about it.

        Source: `allowInvalidJwt` in the service's routes.
        """
        try:
            return await self.served.identify(self.request)
        except StorageError:
            return None

    async def caller(self) -> Caller:
        """Return who calls.

        Raises:
            StorageError: Nothing, or nothing true, is said about it.
        """
        caller = await self.served.identify(self.request)
        if caller is None:
            raise access_denied("Invalid Compact JWS")
        return caller

    async def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent; an empty body is an empty one.

        Raises:
            StorageError: It is none, too long, or does not come to its end.
        """
        try:
            raw = await read_whole(self.request, _MAX_BODY_BYTES)
        except TooLarge as error:
            raise too_large("body") from error
        except TooSlow as error:
            raise too_slow() from error
        try:
            value = orjson.loads(raw or b"{}")
        except orjson.JSONDecodeError as error:
            message = "Body is not valid JSON but content-type is set to 'application/json'"
            raise invalid_request(message) from error
        if not isinstance(value, dict):
            raise invalid_request("body must be object")
        return value


Answer = Callable[[Asked], Awaitable[Response]]


def is_upsert(request: Request) -> bool:
    """Say whether a request may write over an object."""
    return request.headers.get("x-upsert", "") == "true"


def names_in(value: object, field: str) -> list[str]:
    """Return the names of a list in a body; one that no object can have stays in it.

    Raises:
        StorageError: It is no list of texts, empty or too long.
    """
    if not isinstance(value, list) or not value:
        raise invalid_request(f"body/{field} must NOT have fewer than 1 items")
    if not all(isinstance(item, str) for item in value):
        raise invalid_request(f"body/{field}/0 must be string")
    if len(value) > MAX_NAMES:
        message = f"Bulk object requests are limited to {MAX_NAMES} objects per request."
        raise invalid_request(message)
    # PostgreSQL holds no U+0000; what is put in its place is in no object's name either.
    return [item.replace("\0", "\ufffd") for item in value]
