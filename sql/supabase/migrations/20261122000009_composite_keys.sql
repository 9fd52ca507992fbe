-- 20261122000009_composite_keys.sql
-- A chat cannot point to another user's model config, nor a message to another user's chat.
-- Needs: 20261122000005_messages.sql

alter table public.model_configs
  alter column user_id set default auth.uid(),
  add constraint model_configs_id_and_owner unique (id, user_id);

alter table public.chats
  alter column user_id set default auth.uid(),
  add constraint chats_id_and_owner unique (id, user_id),
  drop constraint chats_model_config_id_fkey,
  add constraint chats_model_config_belongs_to_owner
    foreign key (model_config_id, user_id) references public.model_configs (id, user_id)
    on delete set null (model_config_id);
create index chats_model_config_id_idx on public.chats (model_config_id, user_id);

alter table public.jobs alter column user_id set default auth.uid();

-- The owner of the chat, kept on each message: so the policy compares a column instead of looking
-- up a chat for every row, and the key above holds for messages too.
alter table public.messages
  add column user_id uuid not null default auth.uid(),
  drop constraint messages_chat_id_fkey,
  add constraint messages_belong_to_the_owner_of_the_chat
    foreign key (chat_id, user_id) references public.chats (id, user_id) on delete cascade;
create index messages_user_id_idx on public.messages (user_id);

create policy messages_owner_all on public.messages
  for all to authenticated
  using ((select auth.uid()) = user_id)
  with check ((select auth.uid()) = user_id);
