"""The frames of the Phoenix protocol, versions 1.0.0 (objects) and 2.0.0 (arrays). Pure.

Source: the serializers of supabase/realtime (`v2_serializer.ex`) and of Phoenix.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Version = Literal["1.0.0", "2.0.0"]
Sent = str | bytes
"""A frame as it goes over the socket: text, or version 2's binary form of a broadcast."""

_USER_PUSH, _USER_BROADCAST = 3, 4
_JSON = 1


class BadFrame(ValueError):
    """What came is no frame of this version."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a client sent; `ref` and `join_ref` are its own and come back in the reply."""

    topic: str
    event: str
    payload: dict[str, Any]
    ref: str | None = None
    join_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """The payload of a broadcast that is no JSON; only version 2 can carry it."""

    data: bytes


def parse_frame(version: Version, data: str | bytes) -> Frame:
    """Return the frame in what a client sent.

    Raises:
        BadFrame: There is none.
    """
    if isinstance(data, bytes):
        if version == "1.0.0":
            raise BadFrame("binary frames need version 2.0.0")
        return _parse_binary(data)
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadFrame("no JSON") from error
    if version == "2.0.0":
        if not isinstance(parsed, list) or len(parsed) != 5:
            raise BadFrame("no array of five")
        join_ref, ref, topic, event, payload = parsed
    elif isinstance(parsed, dict):
        names = ("join_ref", "ref", "topic", "event", "payload")
        join_ref, ref, topic, event, payload = map(parsed.get, names)
    else:
        raise BadFrame("no object")
    if not (isinstance(topic, str) and isinstance(event, str)):
        raise BadFrame("no topic or event")
    payload = payload if isinstance(payload, dict) else {}
    return Frame(topic, event, payload, _reference(ref), _reference(join_ref))


def _reference(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | int) or len(str(value)) > 64:
        raise BadFrame("no reference")
    return str(value)


def _parse_binary(data: bytes) -> Frame:
    if len(data) < 7 or data[0] != _USER_PUSH:
        raise BadFrame("unknown binary frame")
    *sizes, encoding = data[1:7]
    parts, at = [], 7
    for size in sizes:
        parts.append(data[at : at + size])
        at += size
    if at > len(data):
        raise BadFrame("cut off")
    try:
        join_ref, ref, topic, event = (part.decode() for part in parts[:4])
        content = orjson.loads(data[at:]) if encoding == _JSON else Binary(data[at:])
    except ValueError as error:
        raise BadFrame("unreadable binary frame") from error
    payload = {"type": "broadcast", "event": event, "payload": content}
    return Frame(topic, "broadcast", payload, ref or None, join_ref or None)


def render_push(version: Version, topic: str, event: str, payload: Mapping[str, Any]) -> Sent:
    """Return a frame that nobody asked for; the same for everyone who follows the topic."""
    return _render(version, topic, event, payload, None, None)


def render_reply(
    version: Version, to: Frame, status: Literal["ok", "error"], response: Mapping[str, Any]
) -> Sent:
    """Return the answer to a frame."""
    payload = {"status": status, "response": response}
    return _render(version, to.topic, "phx_reply", payload, to.ref, to.join_ref)


def render_close(version: Version, topic: str, join_ref: str | None) -> Sent:
    """Return the end of a channel.

    It names the join that it ends, so that a client that has joined the topic again meanwhile does
    not take the new channel for closed.
    """
    return _render(version, topic, "phx_close", {}, join_ref, join_ref)


def _render(
    version: Version,
    topic: str,
    event: str,
    payload: Mapping[str, Any],
    ref: str | None,
    join_ref: str | None,
) -> Sent:
    frame: object = [join_ref, ref, topic, event, payload]
    if version == "1.0.0":
        frame = {"ref": ref, "event": event, "payload": payload, "topic": topic}
    return orjson.dumps(frame, default=dict).decode()


def render_broadcast(version: Version, topic: str, message: Mapping[str, Any]) -> Sent | None:
    """Return a broadcast frame, or None where its payload cannot be told in this version."""
    content = message.get("payload")
    if not isinstance(content, Binary):
        return render_push(version, topic, "broadcast", message)
    if version == "1.0.0":
        return None
    names = [topic.encode(), str(message["event"]).encode()]
    meta = orjson.dumps(message["meta"]) if "meta" in message else b""
    sizes = [len(part) for part in (*names, meta)]
    if max(sizes) > 255:
        return None
    head = struct.pack("!BBBBB", _USER_BROADCAST, *sizes, 0)
    return head + b"".join([*names, meta, content.data])
