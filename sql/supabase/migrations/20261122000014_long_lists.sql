-- 20261122000014_long_lists.sql
-- What a screen shows is found without looking at what it does not show.
-- Needs: 20261122000010_message_tree.sql

create index chats_newest_first on public.chats (user_id, updated_at desc, id desc);

-- A chat's own system prompts, wherever they stand in it.
create index messages_system_prompts on public.messages (chat_id, seq) where role = 'system';
