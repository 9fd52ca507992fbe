"""PostgreSQL's own programs for copies, run against one embedded database.

The password goes by the environment: other users of the machine can see arguments.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from backend_functions.admin.problem import AdminProblem
from backend_functions.embedded.account import packaged_programs
from backend_functions.embedded.postgres import SUPERUSER


@dataclass(frozen=True, slots=True)
class PgPrograms:
    """Runs them as the superuser of the database on a port of this machine."""

    port: int
    password: str

    def dump(self, target: Path, snapshot: str) -> None:
        """Write what a snapshot shows, whole."""
        self._run("pg_dump", "--format=custom", f"--file={target}", f"--snapshot={snapshot}")

    def dump_roles(self) -> str:
        """Return the roles, their settings and memberships, without passwords."""
        text = self._run("pg_dumpall", "--roles-only", "--no-role-passwords")
        made_with_the_cluster = f"CREATE ROLE {SUPERUSER};"
        return "\n".join(line for line in text.splitlines() if line != made_with_the_cluster)

    def run_script(self, script: Path) -> None:
        """Run SQL that a dump wrote; stops at the first error."""
        self._run("psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={script}")

    def restore(self, dump: Path) -> None:
        """Fill a new database, all or nothing."""
        self._run("pg_restore", "--single-transaction", "--exit-on-error", str(dump))

    def _run(self, program: str, *arguments: str) -> str:
        where = ["--host=127.0.0.1", f"--port={self.port}", f"--username={SUPERUSER}"]
        # Restores with no database named would print what they would do.
        database = ["--dbname=postgres"] if program != "pg_dumpall" else ["--database=postgres"]
        done = subprocess.run(  # noqa: S603 # PostgreSQL's own program
            [str(packaged_programs() / program), *where, *database, "--no-password", *arguments],
            env={"PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            why = done.stderr.strip().splitlines() or ["it said nothing"]
            raise AdminProblem(f"{program} failed: {why[0]}")
        return done.stdout
