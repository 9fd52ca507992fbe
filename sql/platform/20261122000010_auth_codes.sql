-- 20261122000010_auth_codes.sql
-- Codes and links that are sent by mail, and sign-ins that end in another program (PKCE).
-- Needs: 20261122000002_auth.sql

alter table auth.users
  add column email_change_confirm_status smallint not null default 0,
  add column reauthentication_sent_at timestamptz,
  add constraint users_email_change_halves check (email_change_confirm_status between 0 and 2);
create index users_created_at_idx on auth.users (created_at, id);

create table auth.flow_state (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  authentication_method text not null,
  code_challenge text not null,
  code_challenge_method text not null,
  auth_code_hash bytea unique,
  auth_code_issued_at timestamptz,
  created_at timestamptz not null default now(),
  constraint flow_state_method_is_known check (code_challenge_method in ('s256', 'plain')),
  constraint flow_state_code_has_its_time check ((auth_code_hash is null) = (auth_code_issued_at is null))
);
comment on table auth.flow_state is 'A sign-in that whoever holds the verifier of the challenge will finish with a code.';
create index flow_state_user_id_idx on auth.flow_state (user_id);
create index flow_state_created_at_idx on auth.flow_state (created_at);

create table auth.one_time_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  token_type text not null,
  token_hash bytea not null unique,
  code_hash bytea not null,
  relates_to text not null,
  flow_state_id uuid references auth.flow_state (id) on delete cascade,
  created_at timestamptz not null default now(),
  constraint one_time_tokens_type_is_known check (token_type in (
    'confirmation_token', 'recovery_token', 'email_change_token_new',
    'email_change_token_current', 'reauthentication_token'
  )),
  constraint one_time_tokens_one_of_a_type unique (user_id, token_type)
);
comment on table auth.one_time_tokens is 'What was sent by mail, by its hashes only: of the link, and of the code for people who type.';
comment on column auth.one_time_tokens.relates_to is 'The address it was sent to, in small letters.';
create index one_time_tokens_flow_state_id_idx on auth.one_time_tokens (flow_state_id);
create index one_time_tokens_created_at_idx on auth.one_time_tokens (created_at);

-- For pruning, which looks for what is old.
create index sessions_not_after_idx on auth.sessions (not_after) where not_after is not null;
create index refresh_tokens_revoked_at_idx on auth.refresh_tokens (revoked_at) where revoked_at is not null;

alter table auth.flow_state owner to supabase_auth_admin;
alter table auth.one_time_tokens owner to supabase_auth_admin;
