-- 20261122000016_forks_and_versions.sql
-- What clients do with the tree of messages: copy a branch into a chat of its own, show a version.
-- Needs: 20261122000010_message_tree.sql

create function public.fork_chat(chat_id uuid, at_message_id uuid default null, title text default null)
returns public.chats
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  source public.chats;
  tip uuid;
  forked public.chats;
begin
  select * into source from public.chats where id = fork_chat.chat_id;
  if not found then
    raise exception 'There is no such chat.' using errcode = 'P0002';
  end if;
  tip = coalesce(fork_chat.at_message_id, source.current_message_id);
  if fork_chat.at_message_id is not null and not exists (
    select from public.messages as message
    where message.id = fork_chat.at_message_id and message.chat_id = source.id
  ) then
    raise exception 'There is no such message in this chat.' using errcode = 'P0002';
  end if;

  insert into public.chats (model_config_id, title)
  values (source.model_config_id, coalesce(fork_chat.title, source.title))
  returning * into forked;

  with recursive branch as (
    select message.id, message.parent_id, message.role, message.content, message.metadata, 1 as height
    from public.messages as message
    where message.chat_id = source.id and message.id = tip
    union all
    select above.id, above.parent_id, above.role, above.content, above.metadata, branch.height + 1
    from branch
    join public.messages as above on above.chat_id = source.id and above.id = branch.parent_id
  ),
  copies as materialized (select *, gen_random_uuid() as new_id from branch)
  insert into public.messages (id, chat_id, parent_id, role, content, metadata)
  select
    copy.new_id,
    forked.id,
    lag(copy.new_id) over (order by copy.height desc),
    copy.role,
    copy.content,
    -- An answer is paid for once: its copies say what they are. Nobody goes on writing a copy.
    case when copy.role = 'assistant' and jsonb_typeof(copy.metadata) = 'object' then
      copy.metadata
      || jsonb_build_object('copied_from', coalesce(copy.metadata -> 'copied_from', to_jsonb(copy.id)))
      || case copy.metadata ->> 'status' when 'streaming' then '{"status": "incomplete"}' else '{}' end::jsonb
    else copy.metadata end
  from copies as copy
  order by copy.height desc;

  select * into forked from public.chats where id = forked.id;
  return forked;
end
$$;
comment on function public.fork_chat(uuid, uuid, text) is 'Copies a branch, up to and including a message, into a new chat of the caller.';
revoke execute on function public.fork_chat(uuid, uuid, text) from public, anon, service_role;
grant execute on function public.fork_chat(uuid, uuid, text) to authenticated;

create function public.show_version(message_id uuid) returns uuid
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  chosen public.messages;
  tip uuid;
begin
  select * into chosen from public.messages where id = show_version.message_id;
  if not found then
    raise exception 'There is no such message.' using errcode = 'P0002';
  end if;
  with recursive below as (
    select message.id, message.seq
    from public.messages as message
    where message.chat_id = chosen.chat_id and message.id = chosen.id
    union all
    select message.id, message.seq
    from below
    join public.messages as message
      on message.chat_id = chosen.chat_id and message.parent_id = below.id
  )
  -- What follows a message was written after it, so the newest of all is a leaf.
  select id into tip from below order by seq desc limit 1;

  update public.chats set current_message_id = tip
  where id = chosen.chat_id and current_message_id is distinct from tip;
  return tip;
end
$$;
comment on function public.show_version(uuid) is 'Shows the branch that a message is on, down to its newest end, and returns that end.';
revoke execute on function public.show_version(uuid) from public, anon, service_role;
grant execute on function public.show_version(uuid) to authenticated;
