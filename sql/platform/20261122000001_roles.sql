-- 20261122000001_roles.sql
-- The database roles that a hosted project brings by itself, with the rights they have there.
-- Needs: a new database, and to be run by its superuser.

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role supabase_auth_admin nologin noinherit;

-- Logs in for every request and then takes one of the roles above.
create role authenticator login noinherit;
grant anon, authenticated, service_role, supabase_auth_admin to authenticator;

-- Owns what the migrations create; not a superuser, as on a hosted project.
create role postgres login createrole createdb bypassrls replication;
grant anon, authenticated, service_role to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role authenticator set idle_in_transaction_session_timeout = '30s';

create schema extensions;
grant usage on schema extensions to anon, authenticated, service_role, postgres;

alter schema public owner to postgres;
revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;
