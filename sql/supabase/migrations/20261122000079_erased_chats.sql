-- 20261122000079_erased_chats.sql
-- Chats that an operator has erased and whose files are still to go: whoever erases the next ends it.
-- Needs: 20261122000001_foundations.sql

create table private.erased_chats (
  chat_id uuid primary key,
  owner_id uuid not null references auth.users (id) on delete cascade,
  erased_at timestamptz not null default now()
);
comment on table private.erased_chats is 'Noted in the transaction in which a chat goes; gone when its files are. They cannot go first: until then its owner may go on with it.';
create index erased_chats_owner_idx on private.erased_chats (owner_id);

-- No policy: nobody's but the service's.
alter table private.erased_chats enable row level security;
revoke all on private.erased_chats from public, anon, authenticated, service_role;
grant select, insert, delete on private.erased_chats to service_role;
