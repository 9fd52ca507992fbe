-- 20261122000010_message_tree.sql
-- Messages form a tree: each hangs under the one it follows, and a chat knows the tip it shows.
-- A client that knows nothing of trees sees a straight chat.
-- Needs: 20261122000009_composite_keys.sql

alter table public.messages
  add column seq bigint generated always as identity,
  -- Not a foreign key: it would lock the parent, so that writing under a message and deleting it
  -- could wait for each other. The lock on the chat and the triggers below keep it true.
  add column parent_id uuid;
comment on column public.messages.seq is 'The order in which messages were written; unlike a time it never repeats.';
comment on column public.messages.parent_id is 'The message this one follows; null for the first. Versions of one turn share a parent.';
create unique index messages_chat_order on public.messages (chat_id, seq);
-- Serves the key to the chat, and the order of its messages under a policy that compares the owner.
drop index public.idx_messages_chat_id;
create index idx_messages_chat_id on public.messages (chat_id, user_id, seq);
create index messages_parent_id_idx on public.messages (parent_id);
grant insert (parent_id) on public.messages to authenticated;
revoke all on sequence public.messages_seq_seq from anon, authenticated, service_role;
grant usage on sequence public.messages_seq_seq to authenticated, service_role;

-- Not a foreign key: it would be a second way from chats to messages, and so make the embedding
-- of messages in chats ambiguous for every client.
alter table public.chats add column current_message_id uuid;
comment on column public.chats.current_message_id is 'The tip of the branch that is shown; null for an empty chat.';
grant update (current_message_id) on public.chats to authenticated;

create function private.note_first_seq() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform set_config('pocketllm.first_seq', nextval('public.messages_seq_seq')::text, true);
  return null;
end
$$;
comment on function private.note_first_seq() is 'Tells hang_message where the numbers of this statement begin.';

-- No sequential scans: these functions keep the plan of their first rows, and statistics of a
-- table that was empty would make them read all of it for every row that follows. No sorts either:
-- an index that is smaller and not in this order would be read whole for every row.
create function private.hang_message() returns trigger
language plpgsql set search_path = '' set enable_seqscan = off set enable_sort = off as $$
declare
  chat record;
begin
  -- The lock gives two writers of one chat an order. A chat that the caller cannot see is left
  -- to the foreign key, which answers as for one that does not exist.
  select user_id, current_message_id into chat
  from public.chats where id = new.chat_id for update;
  new.user_id = coalesce(chat.user_id, new.user_id);
  if new.parent_id = new.id then -- a new version of the first message follows nothing
    new.parent_id = null;
  elsif new.parent_id is null then
    -- The tip moves when the statement ends; until then its own rows follow one another.
    new.parent_id = coalesce(
      (
        select id from public.messages
        where chat_id = new.chat_id and user_id = new.user_id
          and seq > current_setting('pocketllm.first_seq')::bigint
        order by seq desc limit 1
      ),
      chat.current_message_id
    );
  end if;
  -- Numbered again now that the chat is locked: the default was taken before, perhaps out of turn.
  new.seq = nextval('public.messages_seq_seq');
  if new.created_at = now() then -- the default, which all rows of a transaction would share
    new.created_at = clock_timestamp();
  end if;
  return new;
end
$$;
comment on function private.hang_message() is 'Hangs a new message under the tip of its chat unless it names its parent; one that names itself is a first one.';

create function private.check_parent() returns trigger
language plpgsql set search_path = '' set enable_seqscan = off as $$
begin
  if (select chat_id from public.messages where id = new.parent_id) is distinct from new.chat_id then
    raise exception 'parent_id is not a message of this chat'
      using errcode = 'foreign_key_violation';
  end if;
  return new;
end
$$;
comment on function private.check_parent() is 'A message follows one of the same chat.';

create function private.move_tips() returns trigger
language plpgsql set search_path = '' as $$
begin
  update public.chats as chat set current_message_id = newest.id
  from (select distinct on (chat_id) chat_id, id from fresh order by chat_id, seq desc) as newest
  where chat.id = newest.chat_id;
  return null;
end
$$;
comment on function private.move_tips() is 'The newest message is the tip of its chat.';

-- No nested loops: kept from a first call for one message, they would compare all with all.
create function private.mend_branches() returns trigger
language plpgsql security definer set search_path = ''
set enable_seqscan = off set enable_nestloop = off as $$
declare
  removed record;
  ancestors uuid[];
  ancestor uuid;
begin
  -- Definer: a parent is nobody's to change. Only rows that the caller has just deleted count.
  perform from public.chats
  where id = any (array(select distinct chat_id from gone)) order by id for update;
  if not found then -- whole chats are being deleted, and nothing needs mending
    return null;
  end if;
  -- Parents come before what follows them, so each ancestor that remains is found in one step.
  for removed in
    with numbered as (select *, row_number() over (order by seq) as place from gone)
    select message.*, parent.place as parent_place
    from numbered as message left join numbered as parent on parent.id = message.parent_id
    order by message.place
  loop
    ancestor = removed.parent_id;
    if removed.parent_place is not null then
      ancestor = ancestors[removed.parent_place];
    end if;
    ancestors[removed.place] = ancestor;
    -- Not by the chat as well: a plan made for an empty table might go through the whole chat.
    update public.messages set parent_id = ancestor where parent_id = removed.id;
    update public.chats set current_message_id = ancestor
    where id = removed.chat_id and current_message_id = removed.id;
  end loop;
  return null;
end
$$;
comment on function private.mend_branches() is 'What followed deleted messages follows the nearest one that is left before them.';
revoke execute on function private.mend_branches() from public, anon, authenticated;

create function private.check_tip() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.current_message_id is not null
    and (select chat_id from public.messages where id = new.current_message_id)
      is distinct from new.id
  then
    raise exception 'current_message_id is not a message of this chat'
      using errcode = 'foreign_key_violation';
  end if;
  return new;
end
$$;
comment on function private.check_tip() is 'The tip of a chat is one of its messages.';

create trigger messages_note_first_seq before insert on public.messages
  for each statement execute function private.note_first_seq();
create trigger messages_hang before insert on public.messages
  for each row execute function private.hang_message();
-- By its name it fires after messages_hang, when the chat is locked and the parent known.
create trigger messages_parent_is_in_the_same_chat
  before insert or update of chat_id, parent_id on public.messages
  for each row when (new.parent_id is not null) execute function private.check_parent();
create trigger messages_move_tips after insert on public.messages
  referencing new table as fresh
  for each statement execute function private.move_tips();
create trigger messages_mend_branches after delete on public.messages
  referencing old table as gone
  for each statement execute function private.mend_branches();
create trigger chats_check_tip before update of current_message_id on public.chats
  for each row when (new.current_message_id is distinct from old.current_message_id)
  execute function private.check_tip();
