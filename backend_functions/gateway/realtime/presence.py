"""Who is in a channel: what each member tracks of itself, and what changed. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from backend_functions.gateway.realtime.channel import Channel

_numbers = count(1)

Metas = dict[str, dict[str, list[Mapping[str, Any]]]]
"""By presence key: `{"metas": […]}`, one for each member under that key."""


def present_state(members: Iterable[Channel]) -> Metas:
    """Return everybody who is tracked."""
    state: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for channel in members:
        if channel.presence is not None:
            state[channel.config.presence_key].append(channel.presence)
    return {key: {"metas": metas} for key, metas in state.items()}


def track(channel: Channel, payload: Mapping[str, Any]) -> dict[str, Metas] | None:
    """Remember what a member says of itself; return the difference, or None if there is none."""
    before = channel.presence
    if before is not None and _said(before) == payload:
        return None
    references = {"phx_ref": f"P{next(_numbers):08x}"}
    if before is not None:
        references["phx_ref_prev"] = before["phx_ref"]
    channel.presence = {**payload, **references}
    return {
        "joins": _one(channel, channel.presence),
        "leaves": {} if before is None else _one(channel, before),
    }


def untrack(channel: Channel) -> dict[str, Metas] | None:
    """Forget a member; return the difference, or None if nothing was tracked."""
    before, channel.presence = channel.presence, None
    return None if before is None else {"joins": {}, "leaves": _one(channel, before)}


def _said(meta: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in meta.items() if not name.startswith("phx_ref")}


def _one(channel: Channel, meta: Mapping[str, Any]) -> Metas:
    return {channel.config.presence_key: {"metas": [meta]}}
