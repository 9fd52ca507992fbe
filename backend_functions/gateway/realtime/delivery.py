"""Brings committed changes to those who follow them and may see them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from backend_functions.db.pool import Connection, Database
from backend_functions.gateway.realtime.bindings import describe_refusal
from backend_functions.gateway.realtime.channel import Channel
from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.pgoutput import Change
from backend_functions.gateway.realtime.phoenix import Sent, Version, render_push
from backend_functions.gateway.realtime.records import render_change, render_refusal
from backend_functions.gateway.realtime.sight import Seen, wait_until_visible, who_sees
from backend_functions.gateway.realtime.tables import PublishedTable, read_tables
from backend_functions.gateway.realtime.wishes import Placed, Wish, find_wishes
from backend_functions.types import SERVICE

_NO_KEY = "Error 400: Bad Request, no primary key"
_NOT_ALLOWED = "Error 401: Unauthorized"


@dataclass(slots=True)
class _Frames:
    """Frames that are made once for all who get the same."""

    max_record_bytes: int
    refusals: "_Refusals"
    _made: dict[tuple[object, ...], Sent] = field(default_factory=dict)

    def frame(self, place: int, change: Change, table: PublishedTable, wish: Wish) -> Sent:
        channel = wish.channel
        version: Version = channel.socket.version
        role = channel.caller.role
        name = (place, channel.topic, version, role, wish.ids, wish.select)
        if name not in self._made:
            if error := self.refusals.of(change, table, role):
                data = render_refusal(change, error)
            else:
                data = render_change(
                    change, table, role=role, select=wish.select, max_bytes=self.max_record_bytes
                )
            payload = {"ids": wish.ids, "data": data}
            self._made[name] = render_push(version, channel.topic, "postgres_changes", payload)
        return self._made[name]


@dataclass(slots=True)
class _Refusals:
    """Why a role is told that a change happened, and nothing else; found once for all of a role."""

    _known: dict[tuple[int, str], str | None] = field(default_factory=dict)

    def of(self, change: Change, table: PublishedTable, role: str) -> str | None:
        if change.kind == "DELETE":
            return None
        name = (table.oid, role)
        if name not in self._known:
            allowed = None if table.has_readable_key(role) else _NOT_ALLOWED
            self._known[name] = allowed if table.key else _NO_KEY
        return self._known[name]


class Delivery:
    """Asks the database who may see what, and sends it."""

    def __init__(self, database: Database, limits: RealtimeLimits) -> None:
        self._database = database
        self._limits = limits

    async def deliver(self, changes: Sequence[Change], channels: Collection[Channel]) -> int:
        """Send each change, in order, to the channels that ask for it and may see it.

        Returns:
            How many frames were sent.

        Raises:
            Unavailable: No connection to the database could be had.
            TransactionHangs: What was changed does not become visible.
            psycopg.Error: The database failed.
        """
        wanted = [
            (place, change)
            for place, change in enumerate(changes)
            if any(binding.concerns(change) for channel in channels for binding in channel.bindings)
        ]
        if not wanted:
            return 0
        async with self._database.act_as(SERVICE) as connection:
            await wait_until_visible(connection, (change for _, change in wanted))
            oids = {change.relation.oid for _, change in wanted}
            tables = {table.oid: table for table in await read_tables(connection, sorted(oids))}
            wanted = [one for one in wanted if one[1].relation.oid in tables]
            wishes, slow = await find_wishes(connection, wanted, tables, channels)
            refusals = _Refusals()
            seen: Seen = set()
            for table in tables.values():
                seen |= await _who_sees(connection, table, wanted, wishes, refusals)
        _give_up_filters(channels, slow)
        frames, sent = _Frames(self._limits.max_record_bytes, refusals), 0
        for place, change in wanted:
            table = tables[change.relation.oid]
            for wish in wishes.get(place, ()):
                channel = wish.channel
                is_refused = refusals.of(change, table, channel.caller.role) is not None
                if is_refused or (channel.identity, place) in seen:
                    channel.socket.send(frames.frame(place, change, table, wish))
                    sent += 1
        return sent


async def _who_sees(
    connection: Connection,
    table: PublishedTable,
    wanted: Sequence[Placed],
    wishes: Mapping[int, list[Wish]],
    refusals: _Refusals,
) -> Seen:
    changes = [one for one in wanted if one[1].relation.oid == table.oid and one[0] in wishes]
    identities = {
        wish.channel.identity
        for place, change in changes
        for wish in wishes[place]
        if refusals.of(change, table, wish.channel.caller.role) is None
    }
    if not identities:
        return set()
    return await who_sees(connection, table, changes, identities)


def _give_up_filters(channels: Collection[Channel], slow: Collection[str]) -> None:
    """Follow no longer what takes too long to compare, so that the others need not wait for it."""
    for channel in channels:
        if channel.identity in slow:
            for binding in channel.bindings:
                if binding.filters:
                    reason = "the filter takes too long"
                    channel.tell("error", "postgres_changes", describe_refusal(binding, reason))
            channel.bindings = tuple(one for one in channel.bindings if not one.filters)
