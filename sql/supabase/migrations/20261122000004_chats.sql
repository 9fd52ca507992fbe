-- 20261122000004_chats.sql
-- A chat is one conversation and belongs to one user.
-- Needs: 20261122000003_model_configs.sql

create table public.chats (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  model_config_id uuid references public.model_configs (id) on delete set null,
  title text not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
comment on table public.chats is 'One conversation, owned by one user.';

create index idx_chats_user_id on public.chats (user_id);

-- Access: owners only; the owner of a chat does not change.
alter table public.chats enable row level security;
revoke all on public.chats from anon, authenticated, service_role;
grant select, delete on public.chats to authenticated;
grant insert (id, user_id, model_config_id, title) on public.chats to authenticated;
grant update (model_config_id, title) on public.chats to authenticated;
grant all on public.chats to service_role;

create policy chats_owner_all on public.chats
  for all to authenticated
  using ((select auth.uid()) = user_id)
  with check ((select auth.uid()) = user_id);
