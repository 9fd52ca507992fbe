"""What a deed costs: CPU of a process and of PostgreSQL, and what goes to disk."""

from dataclasses import dataclass
from typing import Any, Self

import psutil
import psycopg


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the counters are; their difference is what was used between two readings."""

    process_ms: float
    """CPU of the process that is watched, its children included."""
    postgres_ms: float
    """CPU of all PostgreSQL."""
    wal_bytes: float
    transactions: float
    """Of this database, those of the one who reads included."""

    def __sub__(self, earlier: Self) -> "Reading":
        return Reading(
            self.process_ms - earlier.process_ms,
            self.postgres_ms - earlier.postgres_ms,
            self.wal_bytes - earlier.wal_bytes,
            self.transactions - earlier.transactions,
        )

    def each(self, count: float) -> "Reading":
        """Return the share of one of so many deeds, or of one of so many seconds."""
        return Reading(
            self.process_ms / count,
            self.postgres_ms / count,
            self.wal_bytes / count,
            self.transactions / count,
        )


class Meter:
    """Reads the counters of a process and of the PostgreSQL behind a connection."""

    def __init__(self, connection: "psycopg.Connection[Any]", process: psutil.Process) -> None:
        self._connection = connection
        self._process = process
        server = psutil.Process(connection.info.backend_pid).parent()
        assert server is not None
        self._postgres = server

    def read(self) -> Reading:
        """Return how far the counters are now."""
        return Reading(
            cpu_ms(self._process),
            cpu_ms(self._postgres),
            self._number("select pg_current_wal_insert_lsn() - '0/0'"),
            self._number(
                "select xact_commit from pg_stat_database where datname = current_database()"
            ),
        )

    def memory_bytes(self) -> int:
        """Return what the process holds, what it shares with others included."""
        return int(self._process.memory_info().rss)

    def connections(self) -> int:
        """Return how many there are to this database, this one left out."""
        return int(
            self._number(
                "select count(*) from pg_stat_activity where backend_type = 'client backend'"
                " and datname = current_database() and pid <> pg_backend_pid()"
            )
        )

    def table_bytes(self, table: str) -> int:
        """Return what a table takes with its indexes and what lies outside its rows."""
        row = self._connection.execute("select pg_total_relation_size(%s)", (table,)).fetchone()
        assert row is not None
        return int(row[0])

    def _number(self, statement: str) -> float:
        row = self._connection.execute(statement.encode()).fetchone()
        assert row is not None
        return float(row[0])


def cpu_ms(process: psutil.Process) -> float:
    """Return what a process and its children have used, those that ended included."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended just now: its parent has what it used
        total += times.user + times.system + times.children_user + times.children_system
    return total * 1000
