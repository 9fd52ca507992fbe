"""/admin/users: the service makes, looks at, changes and deletes users."""

from collections import defaultdict
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.errors import ServiceError
from backend_functions.gateway.auth.addresses import read_email, refuse_phone
from backend_functions.gateway.auth.admin_access import (
    read_duration,
    read_user_id,
    require_service,
)
from backend_functions.gateway.auth.bodies import dump_metadata, read_body
from backend_functions.gateway.auth.failures import AuthRefused, invalid
from backend_functions.gateway.auth.models import AdminUser, Deletion
from backend_functions.gateway.auth.own_user import merge
from backend_functions.gateway.auth.parts import Parts, UserDeleted, answer
from backend_functions.gateway.auth.passwords import check_hash, check_strength
from backend_functions.gateway.auth.records import Row, render_user
from backend_functions.gateway.auth.sessions import fetch_row, show_user
from backend_functions.gateway.auth.users import (
    NewUser,
    create_user,
    exists_already,
    refusing_known_addresses,
)

log = structlog.get_logger(__name__)

_SQL = queries("auth")
_USERS_A_PAGE = 50
_MOST_A_PAGE = 1000
_MOST_PAGES = 10**9


async def create_one(parts: Parts, request: Request) -> Response:
    """Create a user; no mail is sent."""
    await require_service(parts, request)
    wanted = await read_body(request, AdminUser)
    _check(wanted)
    if not wanted.email:
        raise invalid("Cannot create a user without either an email or phone")
    new = NewUser(
        read_email(wanted.email),
        is_confirmed=bool(wanted.email_confirm),
        password_hash=await _password_hash(parts, wanted),
        user_metadata=dump_metadata(wanted.user_metadata or {}),
        app_metadata=_bounded(wanted.app_metadata or {}),
        user_id=_read_id(wanted.id),
        ban_seconds=read_duration(wanted.ban_duration) if wanted.ban_duration else None,
    )
    with refusing_known_addresses(exists_already()):
        async with parts.transaction() as connection:
            user = await create_user(parts, connection, new)
            return answer(await show_user(connection, user))


async def list_all(parts: Parts, request: Request) -> Response:
    """Answer with a page of users, newest first, and say in headers how to go on."""
    await require_service(parts, request)
    page = _number(request, "page", 1, at_most=_MOST_PAGES)
    per_page = _number(request, "per_page", _USERS_A_PAGE, at_most=_MOST_A_PAGE)
    wanted = request.query_params.get("filter", "").replace("\0", "")
    values = {"filter": wanted, "limit": per_page, "offset": (page - 1) * per_page}
    async with parts.transaction() as connection:
        users = await (await connection.execute(_SQL.list_users, values)).fetchall()
        counted = users[0] if users else await fetch_row(connection, _SQL.count_users, **values)
        shown = await _show_all(connection, users)
    assert counted is not None
    response = answer({"users": shown, "aud": "authenticated"})
    response.headers["X-Total-Count"] = str(counted["total"])
    response.headers["Link"] = _links(request, page, per_page, counted["total"])
    return response


async def get_one(parts: Parts, request: Request) -> Response:
    """Answer with one user, deleted or not."""
    await require_service(parts, request)
    async with parts.transaction() as connection:
        return answer(await show_user(connection, await _find(connection, request)))


async def update_one(parts: Parts, request: Request) -> Response:
    """Change a user; a new password or a ban ends what they are signed in with."""
    await require_service(parts, request)
    changes = await read_body(request, AdminUser)
    _check(changes)
    email = read_email(changes.email) if changes.email else None
    ban_seconds = read_duration(changes.ban_duration) if changes.ban_duration else None
    password_hash = await _password_hash(parts, changes)
    with refusing_known_addresses(exists_already()):
        async with parts.transaction() as connection:
            user = await _find(connection, request)
            await _change_account(connection, user, changes, email, password_hash)
            if changes.ban_duration:
                values = {"user_id": user["id"], "ban_seconds": ban_seconds}
                await connection.execute(_SQL.set_ban, values)
            shown = await show_user(connection, await _find(connection, request))
    parts.verifier.forget()
    return answer(shown)


async def delete_one(parts: Parts, request: Request) -> Response:
    """Delete a user with all that is theirs, or leave an empty row of them."""
    await require_service(parts, request)
    asked = await read_body(request, Deletion, may_be_empty=True)
    async with parts.transaction() as connection:
        user = await _find(connection, request)
        await connection.execute(_SQL.take_time)
        statement = _SQL.bury_user if asked.should_soft_delete else _SQL.delete_user
        await connection.execute(statement, {"user_id": user["id"]})
    parts.verifier.forget()
    if parts.on_user_deleted is not None and not asked.should_soft_delete:
        await _finish_deletion(parts.on_user_deleted, user["id"], user["email"])
    return answer({})


async def _finish_deletion(on_user_deleted: UserDeleted, user_id: UUID, email: str | None) -> None:
    try:
        await on_user_deleted(user_id, email)
    except (psycopg.Error, OSError, ServiceError) as error:
        # The user is gone already; what is left of them goes when the backend starts again.
        log.warning("a deleted user's objects remain for now", error=type(error).__name__)


async def list_factors(parts: Parts, request: Request) -> Response:
    """Answer with a user's second factors: there are none here."""
    await require_service(parts, request)
    async with parts.transaction() as connection:
        await _find(connection, request)
    return answer([])


async def _find(connection: Connection, request: Request) -> Row:
    user = await fetch_row(connection, _SQL.find_any_user, user_id=read_user_id(request))
    if user is None:
        raise AuthRefused(404, "user_not_found", "User not found")
    return user


def _check(wanted: AdminUser) -> None:
    if wanted.phone:
        raise refuse_phone(wanted.phone, what="logins")
    if wanted.role not in (None, "", "authenticated"):
        raise invalid("Users of this backend have the role authenticated")
    if wanted.password and wanted.password_hash:
        raise invalid("Only a password or a password hash should be provided")


async def _password_hash(parts: Parts, wanted: AdminUser) -> str | None:
    if wanted.password_hash:
        return check_hash(wanted.password_hash)
    if not wanted.password:
        return None
    check_strength(wanted.password, min_characters=parts.settings.min_password_characters)
    return await parts.passwords.make_hash(wanted.password)


async def _change_account(
    connection: Connection,
    user: Row,
    changes: AdminUser,
    email: str | None,
    password_hash: str | None,
) -> None:
    user_id: UUID = user["id"]
    if email is not None:
        new = {"user_id": user_id, "email": email, "is_confirmed": bool(changes.email_confirm)}
        await connection.execute(_SQL.change_email, new)
    if changes.email_confirm:
        await connection.execute(_SQL.confirm_user, {"user_id": user_id})
    if password_hash is not None:
        values = {"user_id": user_id, "password_hash": password_hash}
        await connection.execute(_SQL.set_password, values)
        everywhere = {"user_id": user_id, "session_id": None, "scope": "global"}
        await connection.execute(_SQL.end_sessions, everywhere)
    if changes.user_metadata is not None:
        metadata = merge(user["raw_user_meta_data"], changes.user_metadata)
        values = {"user_id": user_id, "user_metadata": metadata}
        await connection.execute(_SQL.set_user_metadata, values)
    if changes.app_metadata is not None:
        metadata = merge(user["raw_app_meta_data"], changes.app_metadata)
        values = {"user_id": user_id, "app_metadata": metadata}
        await connection.execute(_SQL.set_app_metadata, values)


def _bounded(metadata: dict[str, Any]) -> dict[str, Any]:
    dump_metadata(metadata)
    return metadata


def _read_id(text: str | None) -> UUID | None:
    if not text:
        return None
    try:
        user_id = UUID(text)
    except ValueError as error:
        raise invalid("ID must conform to the uuid v4 format") from error
    if user_id.int == 0:
        raise invalid("ID cannot be a nil uuid")
    return user_id


def _number(request: Request, name: str, default: int, *, at_most: int) -> int:
    text = request.query_params.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise invalid(f"Bad Pagination Parameters: {name} is not a number")
    return min(max(int(text), 1), at_most)


async def _show_all(connection: Connection, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = {"user_ids": [user["id"] for user in users]}
    identities: dict[UUID, list[Row]] = defaultdict(list)
    for identity in await (await connection.execute(_SQL.list_identities_of, ids)).fetchall():
        identities[identity["user_id"]].append(identity)
    return [render_user(user, identities[user["id"]]) for user in users]


def _links(request: Request, page: int, per_page: int, total: int) -> str:
    last = max(-(-total // per_page), 1)
    pages = {"next": page + 1, "last": last} if page < last else {"last": last}
    query = {"per_page": str(per_page), "filter": request.query_params.get("filter", "")}
    return ", ".join(
        f'</admin/users?{urlencode({"page": str(number), **query})}>; rel="{name}"'
        for name, number in pages.items()
    )
