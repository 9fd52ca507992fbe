-- 20261122000080_audit.sql
-- What operators did: who, what, when, to whom and to how much.
-- Needs: 20261122000001_foundations.sql

-- A schema of its own: no role of the API has any right to it, the service's neither.
create schema audit;
revoke all on schema audit from public;

create table audit.entries (
  id bigint generated always as identity primary key,
  done_at timestamptz not null default now(),
  operator text not null,
  login text not null,
  deed text not null,
  subject text,
  details jsonb not null,
  constraint entries_are_short check (
    length(operator) between 1 and 200 and length(deed) between 1 and 80
    and pg_column_size(details) <= 16384
  )
);
comment on table audit.entries is 'One line for the beginning and one for the end of what an operator did; never changed.';
comment on column audit.entries.operator is 'Who it was, as their machine told: user@host.';
comment on column audit.entries.login is 'The role that the database saw.';
comment on column audit.entries.subject is 'The SHA-256 of a user''s id: it is found by whoever has the id, and tells nothing of a user who is gone.';
create index entries_subject_idx on audit.entries (subject, id);

alter table audit.entries enable row level security;
revoke all on audit.entries from public, anon, authenticated, service_role;

create function audit.digest(user_id uuid) returns text
language sql immutable set search_path = ''
  return encode(sha256(convert_to(user_id::text, 'UTF8')), 'hex');
comment on function audit.digest(uuid) is 'What stands for a user in the entries.';

create function audit.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'What was noted is not changed.' using errcode = 'insufficient_privilege';
end
$$;
comment on function audit.refuse_change() is 'Lets entries only be added.';
create trigger entries_stay before update or delete or truncate on audit.entries
  for each statement execute function audit.refuse_change();

create function public.admin_note(
  deed text, operator text, subject uuid default null, details jsonb default '{}'
) returns bigint
language sql security definer set search_path = '' as $$
  -- Definer: the entries are nobody's to write but through here.
  insert into audit.entries (operator, login, deed, subject, details)
  values (
    left(admin_note.operator, 200),
    coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', session_user),
    admin_note.deed,
    audit.digest(admin_note.subject),
    admin_note.details
  )
  returning id
$$;
comment on function public.admin_note(text, text, uuid, jsonb) is 'Adds an entry to what operators did and returns its number.';
revoke execute on function public.admin_note(text, text, uuid, jsonb) from public, anon, authenticated;
grant execute on function public.admin_note(text, text, uuid, jsonb) to service_role;

create function public.admin_entries(
  subject uuid default null, before bigint default null, most integer default 100
) returns table (
  id bigint, done_at timestamptz, operator text, login text, deed text, subject_digest text,
  details jsonb
)
language sql stable security definer set search_path = '' as $$
  -- Definer: the entries are nobody's to read but through here.
  select entry.id, entry.done_at, entry.operator, entry.login, entry.deed, entry.subject,
    entry.details
  from audit.entries as entry
  where (admin_entries.subject is null or entry.subject = audit.digest(admin_entries.subject))
    and (admin_entries.before is null or entry.id < admin_entries.before)
  order by entry.id desc
  limit least(greatest(admin_entries.most, 1), 1000)
$$;
comment on function public.admin_entries(uuid, bigint, integer) is 'What operators did, the newest first: of all, or about one user.';
revoke execute on function public.admin_entries(uuid, bigint, integer) from public, anon, authenticated;
grant execute on function public.admin_entries(uuid, bigint, integer) to service_role;
