"""Which channels have asked for which changes, whether or not they may see them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backend_functions.db.pool import Connection
from backend_functions.gateway.realtime.asking import Fulfilled, find_fulfilled
from backend_functions.gateway.realtime.bindings import Binding
from backend_functions.gateway.realtime.channel import Channel
from backend_functions.gateway.realtime.conditions import Condition
from backend_functions.gateway.realtime.pgoutput import Change, Row
from backend_functions.gateway.realtime.tables import PublishedTable

Placed = tuple[int, Change]
"""A change, and its place in the list that is delivered."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that a channel has asked for, by the bindings with these ids."""

    channel: Channel
    ids: tuple[int, ...]
    select: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A change that a binding asks for if PostgreSQL says that these conditions hold."""

    channel: Channel
    binding: Binding
    place: int
    open: tuple[Condition, ...]


@dataclass(slots=True)
class _Question:
    """What PostgreSQL must be asked about one table."""

    rows: dict[int, Row] = field(default_factory=dict)
    asked: defaultdict[str, set[Condition]] = field(default_factory=lambda: defaultdict(set))


async def find_wishes(
    connection: Connection,
    changes: Sequence[Placed],
    tables: Mapping[int, PublishedTable],
    channels: Collection[Channel],
) -> tuple[dict[int, list[Wish]], set[str]]:
    """Return who asks for which change, by its place.

    Returns:
        The wishes, and the identities of those whose filters take too long to compare.

    Raises:
        psycopg.Error: The database failed.
    """
    candidates = [one for channel in channels for one in _candidates(channel, changes, tables)]
    known = dict(changes)
    questions: defaultdict[int, _Question] = defaultdict(_Question)
    for candidate in candidates:
        if candidate.open:
            change = known[candidate.place]
            question = questions[change.relation.oid]
            question.rows[candidate.place] = _told(change)
            question.asked[candidate.channel.identity].update(candidate.open)
    fulfilled: Fulfilled = set()
    slow: set[str] = set()
    for oid, question in questions.items():
        found, late = await find_fulfilled(connection, tables[oid], question.rows, question.asked)
        fulfilled |= found
        slow |= late
    return _collect(candidates, fulfilled), slow


def _told(change: Change) -> Row:
    """Return the row that filters are about: of a deleted one, what is known of it."""
    return change.old if change.kind == "DELETE" else change.new


def _candidates(
    channel: Channel, changes: Sequence[Placed], tables: Mapping[int, PublishedTable]
) -> Iterator[_Candidate]:
    for place, change in changes:
        for binding in channel.bindings:
            if binding.concerns(change):
                table = tables[change.relation.oid]
                still_open = _open_conditions(channel, binding, change, table)
                if still_open is not None:
                    yield _Candidate(channel, binding, place, still_open)


def _open_conditions(
    channel: Channel, binding: Binding, change: Change, table: PublishedTable
) -> tuple[Condition, ...] | None:
    """Return what only PostgreSQL can say of a change; None if it is not asked for."""
    if not binding.filters:
        return ()
    types = table.types(channel.caller.role)
    still_open = []
    conditions = binding.conditions.get(table.oid)
    for condition in conditions or ():
        if condition.filter.column not in types:  # it may no longer be read
            return None
        verdict = condition.verdict(_told(change), types[condition.filter.column])
        if verdict is False:
            return None
        if verdict is None:
            still_open.append(condition)
    return None if conditions is None else tuple(still_open)


def _collect(candidates: Sequence[_Candidate], fulfilled: Fulfilled) -> dict[int, list[Wish]]:
    ids: dict[tuple[int, Channel, tuple[str, ...] | None], list[int]] = defaultdict(list)
    for one in candidates:
        if all((condition, one.place) in fulfilled for condition in one.open):
            ids[one.place, one.channel, one.binding.select].append(one.binding.id)
    wishes: dict[int, list[Wish]] = defaultdict(list)
    for (place, channel, select), found in ids.items():
        wishes[place].append(Wish(channel, tuple(dict.fromkeys(found)), select))
    return wishes
