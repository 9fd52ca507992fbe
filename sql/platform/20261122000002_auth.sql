-- 20261122000002_auth.sql
-- Users, sessions and refresh tokens in the shape of a hosted project's auth schema.
-- Needs: 20261122000001_roles.sql

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;

create table auth.users (
  id uuid primary key default gen_random_uuid(),
  instance_id uuid,
  aud text not null default 'authenticated',
  role text not null default 'authenticated',
  email text,
  encrypted_password text,
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_sent_at timestamptz,
  recovery_sent_at timestamptz,
  email_change text,
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb not null default '{}',
  raw_user_meta_data jsonb not null default '{}',
  phone text,
  phone_confirmed_at timestamptz,
  banned_until timestamptz,
  is_sso_user boolean not null default false,
  is_anonymous boolean not null default false,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_metadata_is_small check (pg_column_size(raw_user_meta_data) <= 65536)
);
comment on table auth.users is 'Who can sign in. Passwords are bcrypt hashes, so users can be moved to a hosted project.';
create unique index users_email_is_unique on auth.users (lower(email)) where is_sso_user = false;

create table auth.identities (
  id uuid primary key default gen_random_uuid(),
  provider_id text not null,
  user_id uuid not null references auth.users (id) on delete cascade,
  identity_data jsonb not null default '{}',
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint identities_one_per_provider unique (provider_id, provider)
);
create index identities_user_id_idx on auth.identities (user_id);

create table auth.sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  aal text not null default 'aal1',
  amr jsonb not null default '[]',
  user_agent text,
  ip inet,
  not_after timestamptz,
  refreshed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sessions_user_id_idx on auth.sessions (user_id);

create table auth.refresh_tokens (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,
  parent_id bigint references auth.refresh_tokens (id) on delete set null,
  session_id uuid not null references auth.sessions (id) on delete cascade,
  revoked_at timestamptz,
  successor_seed bytea,
  created_at timestamptz not null default now(),
  constraint refresh_tokens_successor_ends_it check (successor_seed is null or revoked_at is not null)
);
comment on column auth.refresh_tokens.successor_seed is 'Random; with the token itself, which is stored nowhere, it gives the token that followed.';
comment on table auth.refresh_tokens is 'One row a token; a session''s tokens are a family that is revoked as a whole when one is used again.';
create index refresh_tokens_session_id_idx on auth.refresh_tokens (session_id);
create index refresh_tokens_parent_id_idx on auth.refresh_tokens (parent_id);

alter table auth.users owner to supabase_auth_admin;
alter table auth.identities owner to supabase_auth_admin;
alter table auth.sessions owner to supabase_auth_admin;
alter table auth.refresh_tokens owner to supabase_auth_admin;
grant select, references, trigger on auth.users to postgres;
grant select on auth.users to service_role;
