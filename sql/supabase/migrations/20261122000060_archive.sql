-- 20261122000060_archive.sql
-- A chat can be put away without deleting it; the next message written in it brings it back.
-- Needs: 20261122000030_whole_chats.sql

alter table public.chats add column archived_at timestamptz;
comment on column public.chats.archived_at is 'When its owner put the chat away; null where it stands in the list.';
grant update (archived_at) on public.chats to authenticated;
create index chats_archived_newest_first on public.chats (user_id, updated_at desc, id desc)
  where archived_at is not null;

-- A chat that is put away, or taken out again, has not been used.
drop trigger chats_set_updated_at on public.chats;
create trigger chats_set_updated_at before update on public.chats
  for each row when (
    (old.model_config_id is null or new.model_config_id is not null)
    and (
      old.archived_at is not distinct from new.archived_at
      or old.current_message_id is distinct from new.current_message_id
    )
    and current_setting('pocketllm.keeps_times', true) is distinct from 'yes'
  )
  execute function private.set_updated_at();

create or replace function private.move_tips() returns trigger
language plpgsql set search_path = '' as $$
begin
  update public.chats as chat set
    current_message_id = newest.id,
    -- Messages of a chat that is brought in whole are not new.
    archived_at = case current_setting('pocketllm.keeps_times', true)
      when 'yes' then chat.archived_at end
  from (select distinct on (chat_id) chat_id, id from fresh order by chat_id, seq desc) as newest
  where chat.id = newest.chat_id;
  return null;
end
$$;
comment on function private.move_tips() is 'The newest message is the tip of its chat, which is put away no longer.';

create or replace function private.put_chat(chat jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
-- Definer: times, which no client may write, come with the chat. The owner is always the caller.
declare
  put public.chats = jsonb_populate_record(null::public.chats, put_chat.chat);
begin
  insert into public.chats (
    id, user_id, model_config_id, title, title_by, created_at, updated_at, archived_at
  )
  values (
    coalesce(put.id, gen_random_uuid()),
    auth.uid(),
    (
      select config.id from public.model_configs as config
      where config.id = put.model_config_id and config.user_id = auth.uid()
    ),
    put.title,
    coalesce(put.title_by, 'person'),
    coalesce(put.created_at, now()),
    coalesce(put.updated_at, put.created_at, now()),
    put.archived_at
  )
  returning id into put.id;
  return put.id;
end
$$;
