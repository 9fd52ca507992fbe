"""`migrate`: brings a database to the migrations of this version, as `supabase db push` does.

The address is that of the owner's login (`postgres` on a hosted project), from the environment or
from an embedded backend's folder; never an argument, which other users of the machine could see.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from backend_functions.admin.problem import AdminProblem
from backend_functions.db.migrate import migrate, read_ledger, read_migrations, sql_folder
from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.settings import read_database_url

LEDGER = "supabase_migrations"


@dataclass(frozen=True, slots=True)
class Report:
    """Versions, oldest first.

    `applied` is what the ledger has, `pending` what is missing, `unknown` what was applied by a
    newer version of this program; `is_done` tells that `pending` was just applied.
    """

    applied: list[str]
    pending: list[str]
    unknown: list[str]
    is_done: bool = False

    def as_json(self) -> dict[str, list[str] | bool]:
        """Return it as a record."""
        return asdict(self)

    def as_text(self, *, with_applied: bool) -> str:
        """Return it for people: a line for each migration that was not applied before."""
        news = "applied now" if self.is_done else "pending"
        lines = [f"{version}\tapplied" for version in self.applied if with_applied]
        lines += [f"{version}\t{news}" for version in self.pending]
        lines += [f"{version}\tapplied by a newer version" for version in self.unknown]
        if not self.pending:
            lines.append(
                f"The database has all {len(self.applied) - len(self.unknown)} migrations."
            )
        return "\n".join(lines)


def owner_address(folder: Path | None) -> str:
    """Return the address of the owner's login.

    Raises:
        AdminProblem: The folder is not that of a backend that was ever started.
        BrokenKeys: Its keys cannot be read.
        InvalidSettings: There is no folder, and SUPABASE_DB_URL is not set.
    """
    if folder is None:
        return read_database_url()
    try:
        port = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["postgres"]
    except (OSError, ValueError, KeyError):
        raise AdminProblem("The embedded backend is not running: pocketllm backend start") from None
    return database_url("postgres", load(folder / "keys.json").owner_password, port)


async def bring_up(address: str, *, is_wanted: bool) -> Report:
    """Apply what is missing, if that is wanted, and tell about it.

    Raises:
        AdminProblem: A migration failed; it left no trace, and what was applied before it stays.
    """
    folder = sql_folder() / "supabase" / "migrations"
    before = await read_ledger(address, ledger=LEDGER)
    known = [migration.version for migration in read_migrations(folder)]
    pending = [version for version in known if version not in before]
    unknown = sorted(before - set(known))
    if is_wanted:
        try:
            pending = [done.version for done in await migrate(address, folder, ledger=LEDGER)]
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            said = error.diag.message_primary or "the statement failed"
            raise AdminProblem(f"A migration could not be applied: {said}") from error
    return Report(sorted(before | set(pending if is_wanted else ())), pending, unknown, is_wanted)
