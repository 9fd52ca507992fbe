"""Bounds that keep one connection from hurting the others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RealtimeLimits:
    """What one connection, and all of them together, may ask for."""

    max_sockets: int = 1000
    max_channels: int = 100
    """On one connection."""
    max_bindings: int = 100
    """Kinds of changes that one channel follows."""
    frames_per_second: int = 200
    joins_per_second: int = 50
    max_frame_bytes: int = 1024 * 1024
    max_topic_characters: int = 255
    max_record_bytes: int = 1024 * 1024
    """A row that is larger comes without its large values."""
    max_waiting_frames: int = 2048
    max_waiting_bytes: int = 8 * 1024 * 1024
    """Of frames that a slow reader has not taken: one more, and the connection ends."""
    silent_seconds: float = 90.0
    """After which a connection ends that has sent nothing; clients send heartbeats."""
    recheck_seconds: float = 30.0
    """How often it is asked whether a session still lives."""
