"""One request, as far as every kind of request is read alike, and what it can reach."""

from collections.abc import Hashable
from dataclasses import dataclass

import orjson
import psycopg
from starlette.requests import Request

from backend_functions.db.pool import Database
from backend_functions.gateway.rest.build_read import Wish
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.execute import Errand, Outcome, run
from backend_functions.gateway.rest.introspect import CatalogueCache
from backend_functions.gateway.rest.media import choose_media
from backend_functions.gateway.rest.preferences import parse_preferences
from backend_functions.gateway.rest.query import Pairs, read_pairs
from backend_functions.types import Caller

_SCHEMA = "public"
_LONGEST_KEPT = 2000
_SECRET = frozenset(("authorization", "apikey", "cookie", "proxy-authorization"))
_CATALOGUE_IS_STALE = frozenset(("42703", "42704", "42883", "42P01", "42P10"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for what, and how the answer shall look; the body is still unread."""

    request: Request
    caller: Caller
    name: str
    wish: Wish

    @property
    def pairs(self) -> Pairs:
        """The parameters of the query string.

        Raises:
            RestError: They cannot be decoded (PGRST100).
        """
        return read_pairs(self.request.scope["query_string"])

    def key(self, pairs: Pairs) -> Hashable:
        """Return what a read asks for, whoever asks; None where it is too long to be kept.

        Args:
            pairs: The parameters, as far as they matter.
        """
        if len(self.request.scope["query_string"]) > _LONGEST_KEPT:
            return None
        request = self.request
        return (self.name, request.method, *pairs, request.headers.get("range"), self.wish)

    @property
    def is_read(self) -> bool:
        """Whether the method promises to change nothing."""
        return self.request.method in ("GET", "HEAD")

    def told(self) -> dict[str, str]:
        """Return what functions and policies may know of the request: nothing secret.

        The time zone is there only where one was asked for.
        """
        headers = {
            name: value for name, value in self.request.headers.items() if name not in _SECRET
        }
        told = {
            "method": self.request.method,
            "path": self.request.url.path,
            "headers": orjson.dumps(headers).decode(),
        }
        if self.wish.preferences.timezone is not None:
            told["timezone"] = self.wish.preferences.timezone
        # A path may hold U+0000, a text in PostgreSQL may not.
        return {name: value.replace("\0", "") for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Served:
    """The database behind the API, and what is known of it."""

    database: Database
    catalogue: CatalogueCache

    async def run(self, asked: Asked, errand: Errand) -> Outcome:
        """Run an errand as the one who asked.

        Raises:
            RestError: It came to something that was not wanted.
            psycopg.Error: PostgreSQL refused it.
        """
        try:
            return await run(self.database, asked.caller, asked.told(), errand)
        except psycopg.Error as error:
            if error.sqlstate in _CATALOGUE_IS_STALE:
                self.catalogue.forget()
            raise


def read_request(request: Request, caller: Caller, name: str) -> Asked:
    """Return a request with its query string and its headers understood.

    Raises:
        RestError: One of them is not.
    """
    _refuse_other_schemas(request)
    preferences = parse_preferences(request.headers.getlist("prefer"))
    media = choose_media(request.headers.get("accept", ""))
    with_body = request.method == "GET" or preferences.returning == "representation"
    return Asked(request, caller, name, Wish(media, preferences, with_body))


def _refuse_other_schemas(request: Request) -> None:
    is_read = request.method in ("GET", "HEAD")
    schema = request.headers.get("accept-profile" if is_read else "content-profile", _SCHEMA)
    if schema != _SCHEMA:
        hint = f"Only the following schemas are exposed: {_SCHEMA}"
        raise RestError("PGRST106", f"Invalid schema: {schema}", hint=hint)
