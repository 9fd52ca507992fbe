-- 20261122000025_search.sql
-- Full text search over a user's messages and the titles of their chats.
-- Needs: 20261122000010_message_tree.sql

-- Not private: signed-in users call one function here. Not public: no API shows it.
create schema search;
revoke all on schema search from public;
grant usage on schema search to authenticated;

create function search.plain(text text) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select regexp_replace($1, '[!-/:-@[-`{-~]', ' ', 'g')
$$;
comment on function search.plain(text) is 'Text whose ASCII punctuation is spaces, so that names, paths and addresses fall into their words.';

create function search.mine(user_id uuid) returns text
language sql immutable strict parallel safe set search_path = '' as $$
  select left(replace($1::text, '-', ''), 12)
$$;
comment on function search.mine(uuid) is 'What every word of a user begins with in the index: so nobody else''s are ever looked at.';

-- Configuration simple: people write in many languages, and a wrong language's stems lose words.
-- The bounds keep what is stored below the limits of a tsvector, which would refuse the message.
create function search.words(user_id uuid, text text) returns tsvector
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  plain constant text = search.plain(left(words.text, 100000));
  vector tsvector = to_tsvector('pg_catalog.simple', plain);
begin
  if plain ~ '\S{50}' then -- of up to four bytes each
    vector = ts_delete(vector, array(select lexeme from unnest(vector) where octet_length(lexeme) > 200));
  end if;
  -- As text, where each word stands in quotes and none holds one: much faster than word by word.
  return replace(' ' || vector::text, ' ''', ' ''' || search.mine(words.user_id))::tsvector;
end
$$;
comment on function search.words(uuid, text) is 'The words of a text, with their places, as a user''s own.';

create table search.entries (
  id uuid primary key,
  -- No foreign keys: their checks would double what a message costs. The triggers below keep both true.
  chat_id uuid not null,
  message_id uuid,
  user_id uuid not null,
  seq bigint not null,
  words tsvector not null,
  sample_level smallint not null
    generated always as (least(length(id::text) - length(rtrim(id::text, '0')), 3)) stored,
  constraint entries_are_of_a_message_or_a_chat check (id = coalesce(message_id, chat_id))
);
comment on table search.entries is 'What is found: one row a message, and one a chat for its title.';
comment on column search.entries.sample_level is 'From 1: one entry in 16; from 2: in 256; 3: in 4,096. To tell what is everywhere without looking everywhere.';
comment on column search.entries.seq is 'Of the message; a title''s stands between those of the messages before and after it was given.';

create index entries_words_idx on search.entries using gin (words);
create index entries_sample_1_idx on search.entries using gin (words) where sample_level >= 1;
create index entries_sample_2_idx on search.entries using gin (words) where sample_level >= 2;
create index entries_sample_3_idx on search.entries using gin (words) where sample_level >= 3;
create index entries_newest_first on search.entries (user_id, seq desc);

-- Access: the functions below only.
alter table search.entries enable row level security;
revoke all on search.entries from anon, authenticated, service_role;

create function search.note_message() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Definer: entries are nobody's to write. Only the caller's own new row is noted.
  insert into search.entries (id, chat_id, message_id, user_id, seq, words)
  values (new.id, new.chat_id, new.id, new.user_id, new.seq, search.words(new.user_id, new.content))
  on conflict (id) do update set words = excluded.words;
  return null;
end
$$;
comment on function search.note_message() is 'Keeps the entry of a message.';
revoke execute on function search.note_message() from public, anon, authenticated;

create function search.note_title() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Definer: entries are nobody's to write. Only the caller's own chat is noted.
  insert into search.entries (id, chat_id, user_id, seq, words)
  values (
    new.id, new.id, new.user_id, nextval('public.messages_seq_seq'),
    setweight(search.words(new.user_id, new.title), 'A')
  )
  on conflict (id) do update set words = excluded.words;
  return null;
end
$$;
comment on function search.note_title() is 'Keeps the entry of a chat''s title.';
revoke execute on function search.note_title() from public, anon, authenticated;

-- No sequential scans, and no join: what is planned at the first call is kept for all that follow.
create function search.forget() returns trigger
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
begin
  -- Definer: entries are nobody's to write. Only those of rows that the caller has deleted go.
  delete from search.entries where id = any (array(select id from gone));
  return null;
end
$$;
comment on function search.forget() is 'Removes the entries of what was deleted.';
revoke execute on function search.forget() from public, anon, authenticated;

-- An answer is noted once, when it is written; until then its text changes every second.
create trigger messages_note_for_search after insert on public.messages
  for each row when (new.metadata ->> 'status' is distinct from 'streaming')
  execute function search.note_message();
create trigger messages_note_change_for_search after update of content, metadata on public.messages
  for each row when (
    new.metadata ->> 'status' is distinct from 'streaming'
    and (new.content is distinct from old.content or old.metadata ->> 'status' = 'streaming')
  )
  execute function search.note_message();
create trigger chats_note_for_search after insert on public.chats
  for each row execute function search.note_title();
create trigger chats_note_change_for_search after update of title on public.chats
  for each row when (new.title is distinct from old.title)
  execute function search.note_title();
create trigger messages_forget_for_search after delete on public.messages
  referencing old table as gone
  for each statement execute function search.forget();
create trigger chats_forget_for_search after delete on public.chats
  referencing old table as gone
  for each statement execute function search.forget();

insert into search.entries (id, chat_id, message_id, user_id, seq, words)
select id, chat_id, id, user_id, seq, search.words(user_id, content) from public.messages
where metadata ->> 'status' is distinct from 'streaming'
union all
select id, id, null, user_id, 0, setweight(search.words(user_id, title), 'A')
from public.chats;
