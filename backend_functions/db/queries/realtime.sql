-- name: published_tables
-- The tables whose changes are published, with their columns in order and which roles may select
-- each; all of them, or those of some oids.
select
  c.oid::bigint as oid,
  p.schemaname as schema,
  p.tablename as name,
  coalesce(realtime.key_of(c.oid), '{}') as key,
  c.relrowsecurity as is_secured,
  (select json_agg(
     json_build_object(
       'name', a.attname,
       'type', t.typname,
       'base', coalesce(base.typname, t.typname),
       'readers', array(
         select r from unnest(array['anon', 'authenticated', 'service_role']) as r
         where has_column_privilege(r, c.oid, a.attnum, 'select')))
     order by a.attnum)
   from pg_catalog.pg_attribute a
   join pg_catalog.pg_type t on t.oid = a.atttypid
   left join pg_catalog.pg_type base on base.oid = t.typbasetype
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ) as columns
from pg_catalog.pg_publication_tables p
join pg_catalog.pg_namespace n on n.nspname = p.schemaname
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
where p.pubname = 'supabase_realtime'
  and (%(oids)s::bigint[] is null or c.oid::bigint = any (%(oids)s::bigint[]))

-- name: transactions_to_come
-- How many of these transactions nobody can see the work of yet. Their numbers come with 32 bits,
-- of which the nearest to the current number is meant.
select count(*)::int as count
from unnest(%(numbers)s::bigint[]) as number,
  lateral (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as newest) as a,
  lateral (select (number - newest) & 4294967295 as ahead) as b,
  lateral (select newest + ahead - case when ahead < 2147483648 then 0 else 4294967296 end as whole) as c
where not pg_visible_in_snapshot(whole::text::xid8, pg_current_snapshot())

-- name: who_may_see
-- Pairs of a caller and a row that this caller may select now.
select caller, place from realtime.may_see(%(oid)s::bigint::oid::regclass, %(rows)s, %(callers)s)

-- name: who_might_see
-- Pairs of a caller and a deleted row that this caller could select, as far as can be known.
select caller, place from realtime.might_see(%(oid)s::bigint::oid::regclass, %(rows)s, %(callers)s)

-- name: probe
-- A message that is never kept: to find out who may read it.
insert into realtime.messages (topic, extension) values (%(topic)s, %(extension)s) returning id

-- name: tell_topic
-- Lets policies see which channel is asked for.
select set_config('realtime.topic', %(topic)s, true)

-- name: readable_probes
-- Those of the probes that the caller may read.
select id from realtime.messages where id = any (%(ids)s)

-- name: forget_old_messages
-- Deletes broadcasts that the database sent days ago.
select realtime.forget_old_messages()

-- name: try_to_write
-- As `probe`, without reading back, for which a policy of its own would be needed.
insert into realtime.messages (topic, extension) values (%(topic)s, %(extension)s)

-- name: read_filters
-- Filters on a table, their values read as the types of its columns, in the order they came.
select coalesce(texts, '{}') as texts, is_exact
from realtime.read_filters(%(oid)s::bigint::oid::regclass, %(filters)s)
order by place

-- name: fulfil
-- Pairs of a filter and a row that fulfils it.
select filter, place from realtime.fulfil(%(oid)s::bigint::oid::regclass, %(rows)s, %(filters)s)

-- name: bound_time
-- Lets each statement of this transaction take so many milliseconds; '0' for any number.
select set_config('statement_timeout', %(milliseconds)s, true)

-- name: time_allowed
-- How long a statement may take.
select current_setting('statement_timeout') as allowed
