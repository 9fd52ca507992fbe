"""Reads what PostgreSQL's `pgoutput` plugin says of committed transactions. Pure.

Source: https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html, version 1.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal["INSERT", "UPDATE", "DELETE"]
Row = dict[str, str | None]
"""Column names and values as PostgreSQL writes them. A large value that an update left alone is
not in it."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as it was when the change was made."""

    oid: int
    schema: str
    name: str
    columns: tuple[str, ...]
    is_identity: tuple[bool, ...]
    """Which columns tell of an old row; all of them under REPLICA IDENTITY FULL."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row that was inserted, updated or deleted.

    Args:
        new: The row afterwards; empty for a delete.
        old: What is known of the row before: the identity columns of a deleted row, and of an
            updated one whose identity changed; every column under REPLICA IDENTITY FULL.
        transaction: The number (`xid`) of the transaction that made it.
    """

    relation: Relation
    kind: Kind
    new: Row
    old: Row
    committed_at: datetime
    transaction: int


class Malformed(Exception):
    """The plugin sent what this version of its protocol does not have."""


class Decoder:
    """Turns messages into changes; remembers the tables it was told of."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed_at = _EPOCH
        self._transaction = 0

    def decode(self, message: bytes) -> Change | None:
        """Return the change a message tells of, or None if it tells of none.

        Raises:
            Malformed: It cannot be read.
        """
        try:
            return self._decode(_Reader(message))
        except (struct.error, UnicodeDecodeError, KeyError, ValueError) as error:
            raise Malformed(f"{message[:1]!r} cannot be read") from error

    def _decode(self, reader: "_Reader") -> Change | None:
        kind = reader.byte()
        if kind == b"B":
            reader.int64()
            self._committed_at = _EPOCH + timedelta(microseconds=reader.int64())
            self._transaction = reader.uint32()
        elif kind == b"R":
            relation = _read_relation(reader)
            self._relations[relation.oid] = relation
        elif kind in (b"I", b"U", b"D"):
            return self._read_change(kind, reader)
        return None

    def _read_change(self, kind: bytes, reader: "_Reader") -> Change:
        relation = self._relations[reader.int32()]
        old: Row = {}
        part = reader.byte()
        if part in (b"K", b"O"):
            old = reader.row(relation)
            if part == b"K":  # the others are sent as null, which says nothing
                old = {
                    name: old[name]
                    for name, known in zip(relation.columns, relation.is_identity, strict=True)
                    if known
                }
            part = reader.byte() if kind == b"U" else b""
        new = reader.row(relation) if part == b"N" else {}
        names: dict[bytes, Kind] = {b"I": "INSERT", b"U": "UPDATE", b"D": "DELETE"}
        return Change(relation, names[kind], new, old, self._committed_at, self._transaction)


def _read_relation(reader: "_Reader") -> Relation:
    oid, schema, name = reader.int32(), reader.text(), reader.text()
    reader.byte()
    columns, is_identity = [], []
    for _ in range(reader.int16()):
        is_identity.append(reader.byte() == b"\x01")
        columns.append(reader.text())
        reader.int32()
        reader.int32()
    return Relation(oid, schema, name, tuple(columns), tuple(is_identity))


class _Reader:
    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0

    def _unpack(self, form: str, size: int) -> int:
        (value,) = struct.unpack_from(form, self._message, self._at)
        self._at += size
        return int(value)

    def byte(self) -> bytes:
        self._at += 1
        return self._message[self._at - 1 : self._at]

    def int16(self) -> int:
        return self._unpack("!h", 2)

    def int32(self) -> int:
        return self._unpack("!I", 4)

    def uint32(self) -> int:
        return self._unpack("!I", 4)

    def int64(self) -> int:
        return self._unpack("!q", 8)

    def text(self) -> str:
        end = self._message.index(b"\0", self._at)
        text = self._message[self._at : end].decode()
        self._at = end + 1
        return text

    def row(self, relation: Relation) -> Row:
        row: Row = {}
        count = self.int16()
        for name in relation.columns[:count]:
            form = self.byte()
            if form == b"n":
                row[name] = None
            elif form == b"t":
                size = self.int32()
                row[name] = self._message[self._at : self._at + size].decode()
                self._at += size
            elif form != b"u":  # unchanged and stored apart: not sent
                raise ValueError(f"a column of form {form!r}")
        return row
