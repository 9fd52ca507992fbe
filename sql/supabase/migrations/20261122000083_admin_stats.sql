-- 20261122000083_admin_stats.sql
-- What a backend did in a span of time, for operators; its cost is bounded by what it looks at.
-- Needs: 20261122000017_usage.sql

-- New answers come at its right end; an answer that is being written does not touch it.
-- An expression, not a partial index: no question of one user's answers can take it by mistake.
create index messages_answers_by_time on public.messages
  ((case when role = 'assistant' then created_at end));

create function public.admin_stats(
  since timestamptz, until timestamptz default now(), most integer default 100000
) returns table (
  day date, model text, answers bigint, users bigint, errors bigint, input_tokens bigint,
  output_tokens bigint, cost_usd numeric, first_token_ms_p50 double precision,
  first_token_ms_p95 double precision, total_ms_p50 double precision, total_ms_p95 double precision,
  seen_since timestamptz
)
language sql stable security definer set search_path = '' as $$
  -- Definer: for the index's sake messages are read past their policies, for the service only.
  with newest as materialized (
    select message.created_at, message.user_id, message.metadata
    from public.messages as message
    where case when message.role = 'assistant' then message.created_at end
        >= greatest(admin_stats.since, admin_stats.until - interval '400 days')
      and case when message.role = 'assistant' then message.created_at end < admin_stats.until
    order by case when message.role = 'assistant' then message.created_at end desc
    limit least(greatest(admin_stats.most, 1), 100000)
  ), answer as (
    select
      (newest.created_at at time zone 'utc')::date as day,
      coalesce(newest.metadata ->> 'model', 'unknown') as model,
      newest.user_id,
      newest.created_at,
      (newest.metadata ? 'error' or newest.metadata ->> 'status' in ('failed', 'interrupted', 'incomplete')) as failed,
      -- Owners may write metadata, so what is no sensible number counts as unknown.
      jsonb_path_query_first(newest.metadata, '$.input_tokens ? (@ >= 0 && @ < 1000000000)')::bigint as input,
      jsonb_path_query_first(newest.metadata, '$.output_tokens ? (@ >= 0 && @ < 1000000000)')::bigint as output,
      jsonb_path_query_first(newest.metadata, '$.cost_usd ? (@ >= 0 && @ < 1000000)')::numeric as cost,
      jsonb_path_query_first(newest.metadata, '$.first_token_ms ? (@ >= 0 && @ < 1000000000)')::float8 as first_token,
      jsonb_path_query_first(newest.metadata, '$.total_ms ? (@ >= 0 && @ < 1000000000)')::float8 as total
    from newest
    where newest.metadata -> 'copied_from' is null
  )
  select
    answer.day, answer.model, count(*), count(distinct answer.user_id),
    count(*) filter (where answer.failed),
    coalesce(sum(answer.input), 0)::bigint, coalesce(sum(answer.output), 0)::bigint, sum(answer.cost),
    percentile_cont(0.5) within group (order by answer.first_token),
    percentile_cont(0.95) within group (order by answer.first_token),
    percentile_cont(0.5) within group (order by answer.total),
    percentile_cont(0.95) within group (order by answer.total),
    case when (select count(*) from newest) >= least(greatest(admin_stats.most, 1), 100000) then min(answer.created_at) end
  from answer
  group by grouping sets ((answer.day), (answer.model), ())
  order by answer.day is not null, answer.model is not null, answer.day, answer.model
$$;
comment on function public.admin_stats(timestamptz, timestamptz, integer) is 'Answers in a span of time, the newest so many of them and those of 400 days at most: a row for each day (UTC), one for each model, and one for all (neither day nor model); seen_since is the oldest that was looked at where there were more. Cancelled answers are no errors.';

create function public.admin_totals() returns table (place text, entries bigint, is_estimate boolean)
language sql stable security definer set search_path = '' as $$
  -- Definer: nobody may count users. Past 100,000 rows it is what the planner knows.
  with counted (place, entries, known) as (
    select 'users', (select count(*) from (select from auth.users limit 100001) as bounded), 'auth.users'::regclass
    union all
    select 'chats', (select count(*) from (select from public.chats limit 100001) as bounded), 'public.chats'::regclass
    union all
    select 'messages', (select count(*) from (select from public.messages limit 100001) as bounded), 'public.messages'::regclass
    union all
    select 'jobs', (select count(*) from (select from public.jobs limit 100001) as bounded), 'public.jobs'::regclass
  )
  select counted.place,
    case when counted.entries > 100000 then greatest(class.reltuples::bigint, counted.entries) else counted.entries end,
    counted.entries > 100000
  from counted join pg_catalog.pg_class as class on class.oid = counted.known
$$;
comment on function public.admin_totals() is 'How many users, chats, messages and jobs there are; estimated where there are more than 100,000.';

revoke execute on function
  public.admin_stats(timestamptz, timestamptz, integer), public.admin_totals()
from public, anon, authenticated;
grant execute on function
  public.admin_stats(timestamptz, timestamptz, integer), public.admin_totals()
to service_role;
