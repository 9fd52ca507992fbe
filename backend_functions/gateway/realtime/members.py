"""Joining a channel: who the client is, what it may hear, and how it is told that it may not."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg

from backend_functions.access import TokenExpired, TokenVerifier
from backend_functions.db.pool import Connection
from backend_functions.errors import NotAuthenticated, ServiceError, Unavailable
from backend_functions.gateway.realtime.asking import read_conditions
from backend_functions.gateway.realtime.authorization import rights_to_read
from backend_functions.gateway.realtime.bindings import (
    BadBinding,
    Binding,
    check_columns,
    describe_refusal,
    parse_binding,
)
from backend_functions.gateway.realtime.channel import PREFIX, Channel, Socket, parse_join
from backend_functions.gateway.realtime.filters import BadFilter
from backend_functions.gateway.realtime.hub import Hub
from backend_functions.gateway.realtime.phoenix import Frame
from backend_functions.gateway.realtime.tables import PublishedTable, read_tables
from backend_functions.types import SERVICE, Caller

_NO_DATABASE = "Realtime was unable to connect to the project database"


class Refused(Exception):
    """A join, or a token, that is not taken; the reason is for the client."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        """How the real service calls it, such as `InvalidJWTToken`."""
        self.message = message
        super().__init__(f"{reason}: {message}" if reason else message)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom the API key of a connection stands for, and what it can show instead."""

    by_key: Caller
    key: str
    verifier: TokenVerifier

    async def identify(self, token: object) -> tuple[Caller, str | None]:
        """Return who a join or an `access_token` speaks for, and the token to look at again.

        Raises:
            Refused: It is not a user's token, or was one.
        """
        if not isinstance(token, str) or not token or token.startswith("sb_") or token == self.key:
            return self.by_key, None
        try:
            return await self.verifier.verify(token), token
        except TokenExpired as error:
            raise Refused("InvalidJWTToken", "Token has expired") from error
        except NotAuthenticated as error:
            if token.count(".") != 2:
                message = "The token provided is not a valid JWT"
                raise Refused("MalformedJWT", message) from error
            raise Refused("JwtSignatureError", "Failed to validate JWT signature") from error
        except ServiceError as error:
            raise Refused("UnableToConnectToProject", _NO_DATABASE) from error


async def admit(frame: Frame, socket: Socket, visitor: Visitor, hub: Hub) -> Channel:
    """Return the channel that a `phx_join` makes, not yet in the hub.

    Raises:
        Refused: The client may not.
    """
    name = frame.topic.removeprefix(PREFIX)
    if not frame.topic.startswith(PREFIX) or not name:
        raise Refused("TopicNameRequired", "You must provide a topic name")
    if len(name) > hub.limits.max_topic_characters or "\0" in name:
        raise Refused("TopicNameRequired", "You must provide a shorter topic name")
    config = parse_join(frame.payload)
    if len(config.changes) > hub.limits.max_bindings:
        raise Refused("ChannelRateLimitReached", "Too many subscriptions to changes")
    caller, token = await visitor.identify(frame.payload.get("access_token"))
    channel = Channel(name, socket, frame.join_ref or frame.ref, config, caller, token)
    if config.is_private:
        channel.may_read = await readable(channel, hub)
    return channel


async def readable(channel: Channel, hub: Hub) -> frozenset[str]:
    """Return what the channel's caller may hear in it.

    Raises:
        Refused: Nothing.
    """
    try:
        rights = await rights_to_read(hub.database, channel.caller, channel.name)
    except (Unavailable, psycopg.OperationalError) as error:
        raise Refused("", _NO_DATABASE) from error
    except psycopg.Error:  # a policy that fails allows nothing
        rights = frozenset()
    if not rights:
        message = f"You do not have permissions to read from this Channel topic: {channel.name}"
        raise Refused("Unauthorized", message)
    return rights


async def bind_changes(channel: Channel, hub: Hub) -> tuple[Binding, ...]:
    """Return what the channel asks to be told of, each found to be possible.

    Raises:
        Refused: One is not; then none is followed.
    """
    try:
        bindings = tuple(map(parse_binding, channel.config.changes))
        async with hub.database.act_as(SERVICE) as connection:
            tables = await read_tables(connection)
            role = channel.caller.role
            return tuple([await _bind(connection, one, tables, role) for one in bindings])
    except BadBinding as error:
        raise Refused("", str(error)) from error
    except (Unavailable, psycopg.Error) as error:
        raise Refused("", _NO_DATABASE) from error


async def _bind(
    connection: Connection, binding: Binding, tables: Sequence[PublishedTable], role: str
) -> Binding:
    found = [table for table in tables if binding.concerns_table(table)]
    if not found:
        raise BadBinding(describe_refusal(binding))
    conditions = {}
    try:
        for table in found:
            check_columns(binding, table, role)
            conditions[table.oid] = await read_conditions(connection, table, binding.filters)
    except BadFilter as error:
        raise BadBinding(describe_refusal(binding, str(error))) from error
    return replace(binding, conditions=conditions)


def seconds_left(caller: Caller) -> float | None:
    """Return how long a caller's token is good; None for an API key, which does not end."""
    expires = caller.claims.get("exp")
    return None if caller.user_id is None or expires is None else float(expires) - time.time()
