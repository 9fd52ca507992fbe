-- 20261122000090_search_without_accents.sql
-- Search finds a word with or without its accents, however it is typed: cafe, café.
-- Needs: 20261122000026_search_messages.sql

-- A project may have it already: extensions are everybody's.
create extension if not exists unaccent with schema extensions;

-- As simple was, but of words that are not all ASCII the accents are dropped. It is the parser of
-- the text that is shown too, so a hit is marked as it stands there.
create text search configuration search.folded (copy = pg_catalog.simple);
alter text search configuration search.folded
  alter mapping for word, numword, hword, hword_part, numhword, hword_numpart
  with extensions.unaccent, pg_catalog.simple;

create or replace function search.words(user_id uuid, text text) returns tsvector
language plpgsql immutable strict parallel safe set search_path = '' as $$
declare
  plain constant text = search.plain(left(words.text, 100000));
  vector tsvector = to_tsvector('search.folded', plain);
begin
  if plain ~ '\S{50}' then -- of up to four bytes each
    vector = ts_delete(vector, array(select lexeme from unnest(vector) where octet_length(lexeme) > 200));
  end if;
  -- As text, where a quote behind a blank is what a word begins with, and no word holds both (a
  -- quote alone may be made of a letter such as ʼ): much faster than word by word.
  return replace(' ' || vector::text, ' ''', ' ''' || search.mine(words.user_id))::tsvector;
end
$$;

create or replace function search.parse(query text) returns tsquery
language plpgsql immutable strict set search_path = '' as $$
declare
  -- All punctuation but quotes and dashes is none. A dash inside or behind a word is no operator.
  plain text = regexp_replace(left(query, 500), '[!#-,./:-@[-`{-~]', ' ', 'g');
  typed text = regexp_replace(plain, '(?<=\S)-|-(?=\s|-|$)', ' ', 'g');
  parsed text = websearch_to_tsquery('search.folded', typed)::text;
begin
  -- The last word may not be finished. One letter alone would begin too many.
  if typed ~ '[^\s"]$' then
    parsed = regexp_replace(parsed, '((?:[^'']{2}|[^ -~])'')([ )]*)$', '\1:*\2');
  end if;
  return parsed::tsquery;
end
$$;

create or replace function public.search_messages(
  query text, max_results int default 20, after_id uuid default null
)
returns table (
  id uuid,
  chat_id uuid,
  message_id uuid,
  title text,
  role text,
  snippet text,
  created_at timestamptz,
  score real
)
language sql stable set search_path = '' as $$
  with ranked as materialized (
    select *, row_number() over (order by found.score desc, found.seq desc, found.id) as place
    from search.candidates($1) as found
  ),
  page as materialized (
    select * from ranked
    where $3 is null or place > (select before.place from ranked as before where before.id = $3)
    order by place
    limit least(greatest($2, 0), 100)
  ),
  parsed as materialized (select search.parse($1) as looked_for)
  select
    page.id,
    page.chat_id,
    page.message_id,
    chat.title,
    message.role,
    -- The marks are characters that no text keeps here, so a match can be told from what looks like
    -- it. What would be taken for a tag of HTML, and dropped, hides its bracket meanwhile.
    translate(
      ts_headline(
        'search.folded',
        translate(left(coalesce(message.content, chat.title), 50000), E'<\x02\x03\x04', E'\x04'),
        parsed.looked_for,
        E'StartSel=\x02, StopSel=\x03, MaxWords=30, MinWords=12'
      ),
      E'\x04', '<'
    ),
    coalesce(message.created_at, chat.updated_at),
    page.score
  from page
  cross join parsed
  -- Each by itself: by its id, however many chats the caller is thought to have.
  cross join lateral (select * from public.chats where id = page.chat_id limit 1) as chat
  left join lateral (select * from public.messages where id = page.message_id limit 1) as message on true
  where page.message_id is null or message.id is not null
  order by page.place
$$;

-- What is there already, where it can make a difference.
update search.entries as entry
set words = search.words(entry.user_id, message.content)
from public.messages as message
where message.id = entry.id and octet_length(message.content) > length(message.content);
update search.entries as entry
set words = setweight(search.words(entry.user_id, chat.title), 'A')
from public.chats as chat
where chat.id = entry.id and octet_length(chat.title) > length(chat.title);
