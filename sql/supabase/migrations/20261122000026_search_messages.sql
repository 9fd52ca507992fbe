-- 20261122000026_search_messages.sql
-- The search that clients call.
-- Needs: 20261122000025_search.sql

create function search.parse(query text) returns tsquery
language plpgsql immutable strict set search_path = '' as $$
declare
  -- A dash inside or behind a word is no operator.
  typed text = regexp_replace(search.plain(left(query, 500), '"-'), '(?<=\S)-|-(?=\s|-|$)', ' ', 'g');
  parsed text = websearch_to_tsquery('pg_catalog.simple', typed)::text;
begin
  -- The last word may not be finished. One letter alone would begin too many.
  if typed ~ '[^\s"]$' then
    parsed = regexp_replace(parsed, '((?:[^'']{2}|[^ -~])'')([ )]*)$', '\1:*\2');
  end if;
  return parsed::tsquery;
end
$$;
comment on function search.parse(text) is 'A query as people type it: words, "phrases", or, -without; the last word may be a beginning.';

create function search.is_everywhere(looked_for tsquery) returns boolean
language sql stable set search_path = '' set enable_seqscan = off as $$
  select count(*) = 25
  from (select from search.entries as entry where entry.is_sample and entry.words @@ $1 limit 25) as fitting
$$;
comment on function search.is_everywhere(tsquery) is 'Whether, by the sample, some six thousand entries fit or more.';
revoke execute on function search.is_everywhere(tsquery) from public, anon, authenticated, service_role;

create function search.candidates(query text)
returns table (id uuid, chat_id uuid, message_id uuid, seq bigint, score real)
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
#variable_conflict use_column
declare
  -- Definer: no index for words is used behind a policy, whose check has to come first. Only the
  -- caller's words are looked for, and only the caller's entries returned.
  caller constant uuid = (select auth.uid());
  parsed constant tsquery = search.parse(candidates.query);
  mine constant tsquery = regexp_replace(
    parsed::text, '''((?:[^'']|'''')+)''', '''' || search.mine(caller) || '\1''', 'g'
  );
  beginning constant tsquery = substring(mine::text from '''(?:[^'']|'''')+'':\*');
  is_everywhere boolean;
  probe tsquery = mine;
begin
  if caller is null or querytree(parsed) in ('', 'T') then -- nothing to look for, or only what to leave out
    return;
  end if;
  is_everywhere = search.is_everywhere(mine);
  if not is_everywhere and search.is_everywhere(beginning) then
    -- All words that begin so would be gathered first: cheaper to check what the others find.
    probe = ts_rewrite(mine, beginning, '');
  end if;
  return query
  -- What is everywhere is looked for in the sample and among the newest; all else wherever it is.
  with anywhere as materialized (
    select * from search.entries as entry
    where is_everywhere and entry.is_sample and entry.words @@ mine
    union all
    select * from search.entries as entry
    where not is_everywhere and entry.words @@ probe and (entry.words @@ mine) is true
    limit 300
  ),
  newest as materialized (
    select * from search.entries as entry where entry.user_id = caller
    order by entry.seq desc limit 200
  ),
  found as (
    select * from anywhere where anywhere.user_id = caller
    union
    select * from newest where newest.words @@ mine
  )
  select found.id, found.chat_id, found.message_id, found.seq, ts_rank(found.words, mine, 1)
  from found;
end
$$;
comment on function search.candidates(text) is 'Those of the caller''s entries that fit a query, at most some hundreds.';
revoke execute on function search.candidates(text) from public, anon, service_role;
grant execute on function search.candidates(text) to authenticated;

create function public.search_messages(
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
  )
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
        'pg_catalog.simple',
        translate(left(coalesce(message.content, chat.title), 50000), E'<\x02\x03\x04', E'\x04'),
        search.parse($1),
        E'StartSel=\x02, StopSel=\x03, MaxWords=30, MinWords=12'
      ),
      E'\x04', '<'
    ),
    coalesce(message.created_at, chat.updated_at),
    page.score
  from page
  join public.chats as chat on chat.id = page.chat_id
  left join public.messages as message on message.id = page.message_id
  where page.message_id is null or message.id is not null
  order by page.place
$$;
comment on function public.search_messages(text, int, uuid) is 'The caller''s messages and titles that fit a query, best first; matches stand between U+0002 and U+0003. The next page is after the last row''s id.';
revoke execute on function public.search_messages(text, int, uuid) from public, anon, service_role;
grant execute on function public.search_messages(text, int, uuid) to authenticated;
grant execute on function search.parse(text), search.plain(text, text) to authenticated;
