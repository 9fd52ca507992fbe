-- 20261122000018_applied_migrations.sql
-- Lets a server find out whether the database is as new as it needs.
-- Needs: 20261122000001_foundations.sql, and the ledger that the Supabase CLI keeps.

create function private.applied_migrations() returns setof text
language plpgsql stable security definer set search_path = '' as $$
begin
  -- Definer: the ledger belongs to whoever applies migrations, and holds their whole text.
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    return query select version from supabase_migrations.schema_migrations;
  end if;
end
$$;
comment on function private.applied_migrations() is 'The versions of the migrations that were applied; none where no ledger is kept.';
revoke execute on function private.applied_migrations() from public, anon, authenticated;
grant execute on function private.applied_migrations() to service_role;
