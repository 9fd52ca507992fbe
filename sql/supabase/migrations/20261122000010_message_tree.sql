-- 20261122000010_message_tree.sql
-- Messages form a tree: each hangs under the one it follows, and a chat knows the tip it shows.
-- A client that knows nothing of trees sees a straight chat.
-- Needs: 20261122000009_composite_keys.sql

alter table public.messages
  add column seq bigint generated always as identity,
  add column parent_id uuid,
  add constraint messages_id_and_chat unique (chat_id, id),
  add constraint messages_parent_is_in_the_same_chat
    foreign key (chat_id, parent_id) references public.messages (chat_id, id)
    on delete set null (parent_id);
comment on column public.messages.seq is 'The order in which messages were written; unlike a time it never repeats.';
comment on column public.messages.parent_id is 'The message this one follows; null for the first. Versions of one turn share a parent.';
create unique index messages_chat_order on public.messages (chat_id, seq);
create index messages_parent_id_idx on public.messages (chat_id, parent_id);
grant insert (parent_id) on public.messages to authenticated;
grant usage on sequence public.messages_seq_seq to authenticated, service_role;

-- Not a foreign key: it would be a second way from chats to messages, and so make the embedding
-- of messages in chats ambiguous for every client.
alter table public.chats add column current_message_id uuid;
comment on column public.chats.current_message_id is 'The tip of the branch that is shown; null for an empty chat.';
grant update (current_message_id) on public.chats to authenticated;

create function private.hang_message() returns trigger
language plpgsql set search_path = '' as $$
declare
  chat record;
begin
  -- The lock gives two writers of one chat an order. A chat that the caller cannot see is left
  -- to the foreign key, which answers as for one that does not exist.
  select user_id, current_message_id into chat
  from public.chats where id = new.chat_id for update;
  new.user_id = coalesce(chat.user_id, new.user_id);
  new.parent_id = coalesce(new.parent_id, chat.current_message_id);
  -- Numbered again now that the chat is locked: the default was taken before, perhaps out of turn.
  new.seq = nextval('public.messages_seq_seq');
  return new;
end
$$;
comment on function private.hang_message() is 'Hangs a new message under the tip of its chat unless it names its parent.';

create function private.move_tip() returns trigger
language plpgsql set search_path = '' as $$
begin
  update public.chats set current_message_id = new.id where id = new.chat_id;
  return null;
end
$$;
comment on function private.move_tip() is 'A new message is the tip of its chat.';

create function private.unhang_message() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform from public.chats where id = old.chat_id for update;
  if found then -- else the whole chat is being deleted, and nothing needs mending
    update public.messages set parent_id = old.parent_id
    where chat_id = old.chat_id and parent_id = old.id;
    update public.chats set current_message_id = old.parent_id
    where id = old.chat_id and current_message_id = old.id;
  end if;
  return old;
end
$$;
comment on function private.unhang_message() is 'What followed a deleted message follows its parent.';

create function private.check_tip() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.current_message_id is not null and not exists (
    select from public.messages
    where chat_id = new.id and id = new.current_message_id
  ) then
    raise exception 'current_message_id is not a message of this chat'
      using errcode = 'foreign_key_violation';
  end if;
  return new;
end
$$;
comment on function private.check_tip() is 'The tip of a chat is one of its messages.';

create trigger messages_hang before insert on public.messages
  for each row execute function private.hang_message();
create trigger messages_move_tip after insert on public.messages
  for each row execute function private.move_tip();
create trigger messages_unhang before delete on public.messages
  for each row execute function private.unhang_message();
create trigger chats_check_tip before update of current_message_id on public.chats
  for each row when (new.current_message_id is distinct from old.current_message_id)
  execute function private.check_tip();
