-- 20261122000001_foundations.sql
-- The private schema, for functions and tables that no client may reach.
-- Needs: the roles and the auth schema of a Supabase project.

create schema private;
revoke all on schema private from public;
grant usage on schema private to service_role;

revoke create on schema public from public;
-- Without a schema: a revocation for one schema does not undo the global grant to everyone.
alter default privileges revoke execute on functions from public;

create function private.set_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at = now();
  return new;
end
$$;
comment on function private.set_updated_at() is 'Keeps updated_at at the time of the last change.';
