-- 20261122000005_messages.sql
-- A message is one turn of a chat: what a person, a model or a system prompt said.
-- Needs: 20261122000004_chats.sql

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  chat_id uuid not null references public.chats (id) on delete cascade,
  role text not null check (role in ('user', 'assistant', 'system')),
  content text not null,
  metadata jsonb,
  created_at timestamptz default now()
);
comment on table public.messages is 'One turn of a chat.';
comment on column public.messages.metadata is 'Model, token counts, cost, sources, error and status of an answer.';

create index idx_messages_chat_id on public.messages (chat_id);

-- Access: whoever owns the chat; a message does not move to another chat. The policy stands in
-- 20261122000009_composite_keys.sql, with the column that makes it cheap.
alter table public.messages enable row level security;
revoke all on public.messages from anon, authenticated, service_role;
grant select, delete on public.messages to authenticated;
grant insert (id, chat_id, role, content, metadata) on public.messages to authenticated;
grant update (content, metadata) on public.messages to authenticated;
grant all on public.messages to service_role;
