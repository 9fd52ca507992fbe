"""A channel that a client has joined: who it is, what it asked for, and how to reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import orjson

from backend_functions.gateway.realtime.bindings import Binding
from backend_functions.gateway.realtime.phoenix import Sent, Version, render_close, render_push
from backend_functions.types import Caller

PREFIX = "realtime:"


class Socket(Protocol):
    """The connection that a channel is on."""

    version: Version

    def send(self, frame: Sent | None) -> None:
        """Queue a frame; a reader that is too slow for it is dropped."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection, soon."""


@dataclass(frozen=True, slots=True)
class JoinConfig:
    """What a client asks for when it joins. What it does not say is off."""

    is_private: bool = False
    wants_ack: bool = False
    wants_own: bool = False
    """To hear its own broadcasts."""
    has_presence: bool = False
    presence_key: str = ""
    changes: tuple[Mapping[str, Any], ...] = ()


def parse_join(payload: Mapping[str, Any]) -> JoinConfig:
    """Return the configuration in a `phx_join`; what is not as it should be counts as not said."""
    config = _object(payload.get("config"))
    broadcast, presence = _object(config.get("broadcast")), _object(config.get("presence"))
    changes = config.get("postgres_changes")
    key = presence.get("key")
    return JoinConfig(
        is_private=config.get("private") is True,
        wants_ack=broadcast.get("ack") is True,
        wants_own=broadcast.get("self") is True,
        has_presence=presence.get("enabled") is True,
        presence_key=key if isinstance(key, str) and key else str(uuid4()),
        changes=tuple(one for one in changes if isinstance(one, dict))
        if isinstance(changes, list)
        else (),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@dataclass(slots=True, eq=False)
class Channel:
    """One joined channel of one connection."""

    name: str
    """The topic without `realtime:`."""
    socket: Socket
    join_ref: str | None
    config: JoinConfig
    caller: Caller
    token: str | None = field(repr=False)
    """The user's token, to look again whether its session lives; None for an API key."""
    may_read: frozenset[str] = frozenset()
    """Of a private channel: `broadcast`, `presence`, as its policies allow."""
    may_write: frozenset[str] | None = None
    """As `may_read`; None until somebody tries."""
    bindings: tuple[Binding, ...] = ()
    presence: dict[str, Any] | None = None
    """What is tracked of it, with its reference."""
    _identity: tuple[Caller, str] | None = None
    """As it was written last, and for whom: it is asked for with every change."""

    @property
    def topic(self) -> str:
        """The topic as clients name it."""
        return PREFIX + self.name

    @property
    def place(self) -> tuple[str, bool]:
        """Where broadcasts go: a private and a public channel of one name are two."""
        return self.name, self.config.is_private

    @property
    def identity(self) -> str:
        """The role and claims, as the database is told them; equal for equal rights."""
        if self._identity is None or self._identity[0] is not self.caller:
            self._identity = self.caller, identity_of(self.caller)
        return self._identity[1]

    def hears(self, extension: str) -> bool:
        """Tell whether it is told of `broadcast` or `presence`."""
        return not self.config.is_private or extension in self.may_read

    def push(self, event: str, payload: Mapping[str, Any]) -> None:
        """Send something that was not asked for."""
        self.socket.send(render_push(self.socket.version, self.topic, event, payload))

    def close(self) -> None:
        """Tell the client that the channel has ended."""
        self.socket.send(render_close(self.socket.version, self.topic, self.join_ref))

    def tell(self, status: str, extension: str, message: str) -> None:
        """Send a system message."""
        self.push(
            "system",
            {"status": status, "extension": extension, "message": message, "channel": self.name},
        )


def identity_of(caller: Caller) -> str:
    """Return a caller's role and claims as one text."""
    known = {"role": caller.role, "claims": dict(caller.claims)}
    return orjson.dumps(known, option=orjson.OPT_SORT_KEYS).decode()
