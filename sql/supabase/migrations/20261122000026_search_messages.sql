-- 20261122000026_search_messages.sql
-- The search that clients call.
-- Needs: 20261122000025_search.sql

create function search.parse(query text) returns tsquery
language plpgsql immutable strict set search_path = '' as $$
declare
  -- All punctuation but quotes and dashes is none. A dash inside or behind a word is no operator.
  plain text = regexp_replace(left(query, 500), '[!#-,./:-@[-`{-~]', ' ', 'g');
  typed text = regexp_replace(plain, '(?<=\S)-|-(?=\s|-|$)', ' ', 'g');
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

create function search.sample(level int, looked_for tsquery) returns setof search.entries
language plpgsql stable set search_path = '' as $$
begin
  -- A statement each: a partial index is taken only where its condition is written out. Planned as
  -- the one who calls sets it: without scans, once.
  case level
    when 3 then return query select * from search.entries as entry
      where entry.sample_level >= 3 and entry.words @@ sample.looked_for limit 200;
    when 2 then return query select * from search.entries as entry
      where entry.sample_level >= 2 and entry.words @@ sample.looked_for limit 200;
    when 1 then return query select * from search.entries as entry
      where entry.sample_level >= 1 and entry.words @@ sample.looked_for limit 200;
  end case;
end
$$;
comment on function search.sample(int, tsquery) is 'Entries of a sample that fit a query, at most 200.';
revoke execute on function search.sample(int, tsquery) from public, anon, authenticated, service_role;

create function search.candidates(query text)
returns table (id uuid, chat_id uuid, message_id uuid, seq bigint, score real)
language plpgsql stable security definer set search_path = '' set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  -- Definer: no index for words is used behind a policy, whose check has to come first. Only the
  -- caller's words are looked for, and only the caller's entries returned.
  caller constant uuid = (select auth.uid());
  parsed constant tsquery = search.parse(candidates.query);
  mine constant tsquery = regexp_replace(
    parsed::text, '''((?:[^'']|'''')+)''', '''' || search.mine(caller) || '\1''', 'g'
  );
  -- What the index can tell: the words, without their order and without what must not be there.
  probe tsquery = regexp_replace(querytree(mine), '<(-|\d+)>', '&', 'g');
  beginning tsquery = substring(probe::text from '''(?:[^'']|'''')+'':\*');
  found search.entries[];
  probed_count int;
  newest_count int = 0;
begin
  if caller is null or querytree(parsed) in ('', 'T') then -- nothing to look for, or only what to leave out
    return;
  end if;
  -- From the smallest sample on, each sixteen times as large, so that no step finds much.
  for level in reverse 3..1 loop
    select count(*), array_agg(entry) filter (where entry.words @@ mine) into probed_count, found
    from search.sample(level, probe) as entry;
    newest_count = case
      when cardinality(found) >= 25 then 200 -- there are plenty
      when probed_count >= case level when 1 then 200 else 25 end then 1000 -- too many to check
      else 0
    end;
    exit when newest_count > 0;
    if beginning is not null and (select count(*) >= 25 from search.sample(level, beginning)) then
      -- All words that begin so would be gathered first: cheaper to check what the others find.
      probe = case when probe::text !~ '\|' then ts_rewrite(probe, beginning, '') else '' end;
      newest_count = case numnode(probe) when 0 then 1000 else 0 end;
      exit when newest_count > 0;
      beginning = null;
    end if;
  end loop;
  if newest_count = 0 then
    select array_agg(fitting.entry) into found from (
      select entry from search.entries as entry -- as a row of that type, not a record to be converted
      where entry.words @@ probe and (entry.words @@ mine) is true
      limit 300
    ) as fitting;
    newest_count = case cardinality(found) when 300 then 200 else 0 end;
  end if;
  return query
  with newest as materialized (
    select * from search.entries as entry where entry.user_id = caller
    order by entry.seq desc limit newest_count
  )
  select entry.id, entry.chat_id, entry.message_id, entry.seq, ts_rank(entry.words, mine, 1)
  from unnest(found) as entry where entry.user_id = caller
  union
  select entry.id, entry.chat_id, entry.message_id, entry.seq, ts_rank(entry.words, mine, 1)
  from newest as entry where entry.words @@ mine;
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
        'pg_catalog.simple',
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
comment on function public.search_messages(text, int, uuid) is 'The caller''s messages and titles that fit a query, best first; matches stand between U+0002 and U+0003. The next page is after the last row''s id.';
revoke execute on function public.search_messages(text, int, uuid) from public, anon, service_role;
grant execute on function public.search_messages(text, int, uuid) to authenticated;
grant execute on function search.parse(text), search.plain(text) to authenticated;
