"""Brings committed changes to those who follow them and may see them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backend_functions.db.pool import Connection, Database
from backend_functions.gateway.realtime.channel import Channel
from backend_functions.gateway.realtime.filters import BadFilter, BoundFilter
from backend_functions.gateway.realtime.limits import RealtimeLimits
from backend_functions.gateway.realtime.pgoutput import Change
from backend_functions.gateway.realtime.phoenix import Sent, Version, render_push
from backend_functions.gateway.realtime.records import render_change, render_refusal
from backend_functions.gateway.realtime.sight import Seen, wait_until_visible, who_sees
from backend_functions.gateway.realtime.tables import PublishedTable, read_tables
from backend_functions.types import SERVICE

_NO_KEY = "Error 400: Bad Request, no primary key"
_NOT_ALLOWED = "Error 401: Unauthorized"


@dataclass(frozen=True, slots=True)
class _Wish:
    """A change that a channel has asked for, by the bindings with these ids."""

    channel: Channel
    ids: tuple[int, ...]
    select: tuple[str, ...] | None


@dataclass(slots=True)
class _Frames:
    """Frames that are made once for all who get the same."""

    max_record_bytes: int
    _made: dict[tuple[object, ...], Sent] = field(default_factory=dict)

    def frame(self, place: int, change: Change, table: PublishedTable, wish: _Wish) -> Sent:
        channel = wish.channel
        version: Version = channel.socket.version
        role = channel.caller.role
        name = (place, channel.topic, version, role, wish.ids, wish.select)
        if name not in self._made:
            if error := _refusal(change, table, role):
                data = render_refusal(change, error)
            else:
                data = render_change(
                    change, table, role=role, select=wish.select, max_bytes=self.max_record_bytes
                )
            payload = {"ids": wish.ids, "data": data}
            self._made[name] = render_push(version, channel.topic, "postgres_changes", payload)
        return self._made[name]


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
            wishes = _find_wishes(wanted, tables, channels)
            seen: Seen = set()
            for table in tables.values():
                seen |= await _who_sees(connection, table, wanted, wishes)
        frames, sent = _Frames(self._limits.max_record_bytes), 0
        for place, change in wanted:
            table = tables[change.relation.oid]
            for wish in wishes[place]:
                channel = wish.channel
                is_refused = _refusal(change, table, channel.caller.role) is not None
                if is_refused or (channel.identity, place) in seen:
                    channel.socket.send(frames.frame(place, change, table, wish))
                    sent += 1
        return sent


async def _who_sees(
    connection: Connection,
    table: PublishedTable,
    wanted: Sequence[tuple[int, Change]],
    wishes: Mapping[int, list[_Wish]],
) -> Seen:
    changes = [one for one in wanted if one[1].relation.oid == table.oid and wishes[one[0]]]
    identities = {
        wish.channel.identity
        for place, change in changes
        for wish in wishes[place]
        if _refusal(change, table, wish.channel.caller.role) is None
    }
    if not identities:
        return set()
    return await who_sees(connection, table, changes, identities)


def _refusal(change: Change, table: PublishedTable, role: str) -> str | None:
    """Return why a role is told that a change happened, and nothing else; None if it is not so."""
    if change.kind == "DELETE":
        return None
    if not table.key:
        return _NO_KEY
    return None if table.has_readable_key(role) else _NOT_ALLOWED


def _find_wishes(
    wanted: Sequence[tuple[int, Change]],
    tables: dict[int, PublishedTable],
    channels: Collection[Channel],
) -> dict[int, list[_Wish]]:
    wishes: dict[int, list[_Wish]] = defaultdict(list)
    for channel in channels:
        role = channel.caller.role
        types = {oid: table.types(role) for oid, table in tables.items()}
        bound: dict[tuple[int, int], tuple[BoundFilter, ...] | None] = {}
        for place, change in wanted:
            oid = change.relation.oid
            found: dict[tuple[str, ...] | None, list[int]] = defaultdict(list)
            for number, binding in enumerate(channel.bindings):
                if not binding.concerns(change):
                    continue
                if (oid, number) not in bound:
                    try:
                        bound[oid, number] = binding.bind(types[oid])
                    except BadFilter:  # the column went, or may no longer be read
                        bound[oid, number] = None
                conditions = bound[oid, number]
                if conditions is not None and binding.admits(change, conditions):
                    found[binding.select].append(binding.id)
            wishes[place].extend(_as_wishes(channel, found))
    return wishes


def _as_wishes(channel: Channel, found: dict[tuple[str, ...] | None, list[int]]) -> Iterator[_Wish]:
    for select, ids in found.items():
        yield _Wish(channel, tuple(dict.fromkeys(ids)), select)
