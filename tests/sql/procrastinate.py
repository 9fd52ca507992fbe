"""Procrastinate's own SQL as a migration: `python -m tests.sql.procrastinate --write`."""

import sys
from importlib.metadata import version
from importlib.resources import files

from backend_functions.db.migrate import sql_folder

MIGRATION = sql_folder() / "supabase" / "migrations" / "20261122000032_procrastinate.sql"

_HEAD = """\
-- 20261122000032_procrastinate.sql
-- The job queue's own tables and functions, as Procrastinate {version}
-- has them, in a schema of its own.
-- Made by `python -m tests.sql.procrastinate --write`; what it adds to Procrastinate's SQL stands
-- above and below. Needs: 20261122000001_foundations.sql

create schema procrastinate;
set search_path to procrastinate;

"""
_TAIL = """
reset search_path;

-- Names in its functions mean what stands in its schema, whoever calls them.
do $$
declare
  name regprocedure;
begin
  for name in select oid from pg_catalog.pg_proc where pronamespace = 'procrastinate'::regnamespace
  loop
    execute format('alter function %s set search_path = procrastinate, pg_temp', name);
  end loop;
end
$$;

-- Its first index of locks begins with the id: that of a lock was found by reading all of them.
create index tasks_by_lock on procrastinate.procrastinate_jobs (lock)
  where status in ('todo', 'doing');

-- Access: the workers only.
alter table procrastinate.procrastinate_workers enable row level security;
alter table procrastinate.procrastinate_jobs enable row level security;
alter table procrastinate.procrastinate_periodic_defers enable row level security;
alter table procrastinate.procrastinate_events enable row level security;
revoke all on schema procrastinate from public;
revoke all on all tables in schema procrastinate from public, anon, authenticated;
revoke execute on all functions in schema procrastinate from public, anon, authenticated;
grant usage on schema procrastinate to service_role;
grant select, insert, update, delete on all tables in schema procrastinate to service_role;
grant usage on all sequences in schema procrastinate to service_role;
grant execute on all functions in schema procrastinate to service_role;
"""


def migration_text() -> str:
    """Return what the migration holds for the installed version."""
    text = (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    # Before its types it makes sure of plpgsql, which every PostgreSQL has.
    _, types, rest = text.partition("-- Enums\n")
    return _HEAD.format(version=version("procrastinate")) + types + rest + _TAIL


if __name__ == "__main__":
    if "--write" in sys.argv:
        MIGRATION.write_text(migration_text(), encoding="utf-8")
    else:
        sys.stdout.write(migration_text())
