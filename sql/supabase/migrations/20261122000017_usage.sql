-- 20261122000017_usage.sql
-- What a user's answers took: tokens, cost and time, by model, day or chat.
-- Needs: 20261122000009_composite_keys.sql

-- A user's own answers, the newest ones without the older.
create index messages_answers_of_a_user on public.messages (user_id, created_at)
  where role = 'assistant';

-- In the index's order, and sorting is dear: no statistics, however old, make it read others' answers.
create function public.usage("grouping" text, since timestamptz default null)
returns table (
  label text,
  chat_id uuid,
  answers bigint,
  input_tokens bigint,
  output_tokens bigint,
  cost_usd numeric,
  total_ms bigint
)
language plpgsql stable set search_path = '' set enable_seqscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  if usage.grouping is null or usage.grouping not in ('model', 'day', 'chat') then
    raise exception 'grouping is one of model, day and chat'
      using errcode = 'invalid_parameter_value';
  end if;
  return query
  with answer as (
    select
      case usage.grouping
        when 'model' then coalesce(message.metadata ->> 'model', 'unknown')
        when 'day' then to_char(message.created_at at time zone 'utc', 'YYYY-MM-DD')
      end as label,
      case usage.grouping when 'chat' then message.chat_id end as chat_id,
      -- Owners may write metadata, so what is no sensible number counts as unknown.
      jsonb_path_query_first(message.metadata, '$.input_tokens ? (@ >= 0 && @ < 1000000000)') as input,
      jsonb_path_query_first(message.metadata, '$.output_tokens ? (@ >= 0 && @ < 1000000000)') as output,
      jsonb_path_query_first(message.metadata, '$.cost_usd ? (@ >= 0 && @ < 1000000)') as cost,
      jsonb_path_query_first(message.metadata, '$.total_ms ? (@ >= 0 && @ < 1000000000)') as took
    from public.messages as message
    where message.role = 'assistant'
      and message.user_id = (select auth.uid())
      and message.created_at >= coalesce(usage.since, '-infinity')
      and message.metadata -> 'copied_from' is null
    order by message.user_id, message.created_at
  ),
  total as (
    select
      answer.label,
      answer.chat_id,
      count(*) as answers,
      coalesce(sum(answer.input::numeric), 0)::bigint as input_tokens,
      coalesce(sum(answer.output::numeric), 0)::bigint as output_tokens,
      sum(answer.cost::numeric) as cost_usd,
      coalesce(sum(answer.took::numeric), 0)::bigint as total_ms
    from answer
    group by answer.label, answer.chat_id
  )
  select
    coalesce(total.label, chat.title),
    total.chat_id,
    total.answers,
    total.input_tokens,
    total.output_tokens,
    total.cost_usd,
    total.total_ms
  from total
  left join public.chats as chat on chat.id = total.chat_id
  order by
    case when usage.grouping = 'day' then total.label end desc,
    total.cost_usd desc nulls last,
    total.input_tokens + total.output_tokens desc,
    coalesce(total.label, chat.title),
    total.chat_id;
end
$$;
comment on function public.usage(text, timestamptz) is 'The caller''s answers since a time, summed by model, day (UTC) or chat; copies in forks do not count.';
revoke execute on function public.usage(text, timestamptz) from public, anon, service_role;
grant execute on function public.usage(text, timestamptz) to authenticated;
