-- 20261122000030_whole_chats.sql
-- Chats that come and go whole: brought in from elsewhere, or deleted and kept for a while.
-- Needs: 20261122000010_message_tree.sql, 20261122000019_titles.sql

-- A chat that is put in whole brings its times along.
drop trigger chats_set_updated_at on public.chats;
create trigger chats_set_updated_at before update on public.chats
  for each row when (
    (old.model_config_id is null or new.model_config_id is not null)
    and current_setting('pocketllm.keeps_times', true) is distinct from 'yes'
  )
  execute function private.set_updated_at();

create table private.deleted_chats (
  id uuid primary key,
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  title text not null,
  message_count integer not null,
  deleted_at timestamptz not null default now(),
  content jsonb not null
);
comment on table private.deleted_chats is 'A chat as it was when its owner deleted it; kept for 30 days.';
comment on column private.deleted_chats.content is 'chat: its row; messages: their rows, oldest first.';

create index deleted_chats_newest_first on private.deleted_chats (user_id, deleted_at desc, id desc);

-- Access: owners only, through the functions below; a row is never changed.
alter table private.deleted_chats enable row level security;
revoke all on private.deleted_chats from anon, authenticated, service_role;
grant usage on schema private to authenticated;
grant select, delete on private.deleted_chats to authenticated;
grant insert (id, title, message_count, content) on private.deleted_chats to authenticated;
grant all on private.deleted_chats to service_role;

create policy deleted_chats_owner_all on private.deleted_chats
  for all to authenticated
  using ((select auth.uid()) = user_id)
  with check ((select auth.uid()) = user_id);

create function private.put_messages(chat_id uuid, messages jsonb, tip uuid) returns void
language plpgsql security definer set search_path = '' as $$
-- Definer: times, which no client may write, come with the messages. The owner is the caller.
declare
  used_at timestamptz;
begin
  select updated_at into used_at from public.chats
  where id = put_messages.chat_id and user_id = auth.uid() for update;
  if not found then
    raise exception 'There is no such chat.' using errcode = 'P0002';
  end if;
  perform set_config('pocketllm.keeps_times', 'yes', true);
  insert into public.messages (id, chat_id, user_id, parent_id, role, content, metadata, created_at)
  select
    message.id,
    put_messages.chat_id,
    auth.uid(),
    -- One that names itself follows nothing; one that names nothing follows the one before it.
    case when listed.item ? 'parent_id' then coalesce(message.parent_id, message.id) end,
    message.role,
    message.content,
    -- Nobody goes on writing an answer that was in the making.
    case message.metadata ->> 'status' when 'streaming'
      then message.metadata || '{"status": "interrupted"}' else message.metadata end,
    coalesce(message.created_at, used_at)
  from jsonb_array_elements(put_messages.messages) with ordinality as listed (item, place)
  cross join lateral jsonb_populate_record(
    null::public.messages, jsonb_build_object('id', gen_random_uuid()) || listed.item
  ) as message
  order by listed.place;

  update public.chats set current_message_id = put_messages.tip
  where id = put_messages.chat_id and put_messages.tip is not null;
  perform set_config('pocketllm.keeps_times', 'no', true);
end
$$;
comment on function private.put_messages(uuid, jsonb, uuid) is 'Adds messages to a chat of the caller, a parent before what follows it, under their own ids and times.';
revoke execute on function private.put_messages(uuid, jsonb, uuid) from public, anon, service_role;
grant execute on function private.put_messages(uuid, jsonb, uuid) to authenticated;

create function private.put_chat(chat jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
-- Definer: times, which no client may write, come with the chat. The owner is always the caller.
declare
  put public.chats = jsonb_populate_record(null::public.chats, put_chat.chat);
begin
  insert into public.chats (id, user_id, model_config_id, title, title_by, created_at, updated_at)
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
    coalesce(put.updated_at, put.created_at, now())
  )
  returning id into put.id;
  return put.id;
end
$$;
comment on function private.put_chat(jsonb) is 'Adds a chat of the caller under its own id and times.';
revoke execute on function private.put_chat(jsonb) from public, anon, service_role;
grant execute on function private.put_chat(jsonb) to authenticated;

create function public.import_chat(chat jsonb, messages jsonb) returns public.chats
language plpgsql set search_path = '' as $$
declare
  new_id uuid = private.put_chat(import_chat.chat);
  imported public.chats;
begin
  perform private.put_messages(
    new_id, import_chat.messages, (import_chat.chat ->> 'current_message_id')::uuid
  );
  select * into imported from public.chats where id = new_id;
  return imported;
end
$$;
comment on function public.import_chat(jsonb, jsonb) is 'Adds a chat of the caller with its messages, oldest first.';
revoke execute on function public.import_chat(jsonb, jsonb) from public, anon, service_role;
grant execute on function public.import_chat(jsonb, jsonb) to authenticated;

create function public.import_chats(chats jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  whole jsonb;
begin
  for whole in select * from jsonb_array_elements(import_chats.chats) loop
    perform private.put_messages(
      private.put_chat(whole -> 'chat'), whole -> 'messages', (whole #>> '{chat,current_message_id}')::uuid
    );
  end loop;
end
$$;
comment on function public.import_chats(jsonb) is 'Adds chats of the caller, each with its messages, all or none: [{"chat", "messages"}].';
revoke execute on function public.import_chats(jsonb) from public, anon, service_role;
grant execute on function public.import_chats(jsonb) to authenticated;

create function public.import_messages(chat_id uuid, messages jsonb, tip uuid default null) returns void
language sql set search_path = '' as $$
  select private.put_messages(import_messages.chat_id, import_messages.messages, import_messages.tip)
$$;
comment on function public.import_messages(uuid, jsonb, uuid) is 'Goes on with a chat of the caller that is too long to be brought in at once.';
revoke execute on function public.import_messages(uuid, jsonb, uuid) from public, anon, service_role;
grant execute on function public.import_messages(uuid, jsonb, uuid) to authenticated;

create function public.delete_chats(chat_ids uuid[]) returns setof uuid
language plpgsql set search_path = '' as $$
begin
  delete from private.deleted_chats where deleted_at < now() - interval '30 days';
  -- Locked first, so that what is kept is what is deleted.
  perform from public.chats where id = any (delete_chats.chat_ids) order by id for update;
  insert into private.deleted_chats (id, title, message_count, content)
  select chat.id, chat.title, jsonb_array_length(kept.messages),
    jsonb_build_object('chat', to_jsonb(chat), 'messages', kept.messages)
  from public.chats as chat
  cross join lateral (
    select coalesce(
      jsonb_agg(to_jsonb(message) - array['chat_id', 'user_id', 'seq'] order by message.seq), '[]'
    ) as messages
    from public.messages as message where message.chat_id = chat.id
  ) as kept
  where chat.id = any (delete_chats.chat_ids);
  return query delete from public.chats where id = any (delete_chats.chat_ids) returning id;
end
$$;
comment on function public.delete_chats(uuid[]) is 'Deletes chats of the caller, keeps them for 30 days, and returns the ids of those there were.';
revoke execute on function public.delete_chats(uuid[]) from public, anon, service_role;
grant execute on function public.delete_chats(uuid[]) to authenticated;

create function public.restore_chats(chat_ids uuid[]) returns setof public.chats
language plpgsql set search_path = '' as $$
declare
  kept private.deleted_chats;
begin
  for kept in
    delete from private.deleted_chats where id = any (restore_chats.chat_ids) returning *
  loop
    return query select * from public.import_chat(kept.content -> 'chat', kept.content -> 'messages');
  end loop;
end
$$;
comment on function public.restore_chats(uuid[]) is 'Brings deleted chats of the caller back as they were.';
revoke execute on function public.restore_chats(uuid[]) from public, anon, service_role;
grant execute on function public.restore_chats(uuid[]) to authenticated;

create function public.deleted_chats() returns table (id uuid, title text, message_count integer, deleted_at timestamptz)
language sql stable set search_path = '' as $$
  select chat.id, chat.title, chat.message_count, chat.deleted_at
  from private.deleted_chats as chat
  where chat.deleted_at >= now() - interval '30 days'
  order by chat.deleted_at desc, chat.id desc
  limit 1000
$$;
comment on function public.deleted_chats() is 'Lists the deleted chats of the caller that can be restored, the last deleted first.';
revoke execute on function public.deleted_chats() from public, anon, service_role;
grant execute on function public.deleted_chats() to authenticated;
