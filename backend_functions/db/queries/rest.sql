-- name: relations
-- The tables and views of schema public, with their columns in order and their primary key.
select
  c.relname as name,
  c.relkind in ('v', 'm') as is_view,
  coalesce(
    (select json_agg(k.attname order by array_position(i.indkey::int2[], k.attnum))
     from pg_catalog.pg_index i
     join pg_catalog.pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey)
     where i.indrelid = c.oid and i.indisprimary),
    '[]'
  ) as primary_key,
  coalesce(
    (select json_agg(
       json_build_object(
         'name', a.attname,
         'type_schema', tn.nspname,
         'type_name', t.typname,
         'default_sql', case
           when a.attgenerated <> '' then null
           when a.attidentity <> '' then
             format('pg_catalog.nextval(%L)', pg_get_serial_sequence(c.oid::regclass::text, a.attname))
           else pg_get_expr(d.adbin, d.adrelid)
         end
       ) order by a.attnum)
     from pg_catalog.pg_attribute a
     join pg_catalog.pg_type t on t.oid = a.atttypid
     join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    '[]'
  ) as columns
from pg_catalog.pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')

-- name: foreign_keys
-- The ways from one table to another, columns in matching order; of other schemas too, for what a
-- view shows of them.
select
  k.conname as name,
  k.conrelid::int8 as source_oid,
  k.confrelid::int8 as target_oid,
  k.conkey as source_numbers,
  k.confkey as target_numbers,
  source.relnamespace = 'public'::regnamespace as is_source_public,
  target.relnamespace = 'public'::regnamespace as is_target_public,
  source.relname as source,
  target.relname as target,
  (select json_agg(a.attname order by u.place)
   from unnest(k.conkey) with ordinality as u (attnum, place)
   join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
  ) as source_columns,
  (select json_agg(a.attname order by u.place)
   from unnest(k.confkey) with ordinality as u (attnum, place)
   join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum
  ) as target_columns,
  exists (
    select from pg_catalog.pg_constraint u
    where u.conrelid = k.conrelid and u.contype in ('p', 'u')
      and u.conkey @> k.conkey and u.conkey <@ k.conkey
  ) as is_unique
from pg_catalog.pg_constraint k
join pg_catalog.pg_class source on source.oid = k.conrelid
join pg_catalog.pg_class target on target.oid = k.confrelid
where k.contype = 'f' and k.conparentid = 0

-- name: primary_keys
-- The primary keys of all tables, for what a view shows of them.
select conrelid::int8 as oid, conkey as numbers
from pg_catalog.pg_constraint
where contype = 'p'

-- name: views
-- The views of every schema but PostgreSQL's own, with the rule that says what they show; those
-- outside public have no name, but other views may show their columns.
select
  c.oid::int8 as oid,
  case when c.relnamespace = 'public'::regnamespace then c.relname end as name,
  r.ev_action::text as rule,
  (select json_object_agg(a.attnum, a.attname)
   from pg_catalog.pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ) as columns
from pg_catalog.pg_class c
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.ev_type = '1'
where c.relkind in ('v', 'm')
  and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)

-- name: functions
-- The functions of schema public that a call can name, with the arguments they take and what they
-- return: for a composite result or `returns table` the columns, else none.
select
  p.proname as name,
  p.proretset as returns_set,
  p.prorettype = 'void'::regtype as returns_void,
  p.provolatile = 'v' as is_volatile,
  p.prorows = 1 as returns_one,
  json_build_object('type_schema', rn.nspname, 'type_name', r.typname) as result_type,
  (select json_agg(
     json_build_object(
       'name', coalesce(p.proargnames[u.place], ''),
       'type_schema', n.nspname,
       'type_name', t.typname,
       'shown_type', format_type(t.oid, null),
       'required', u.input <= p.pronargs - p.pronargdefaults,
       'takes_rest', coalesce(p.proargmodes[u.place] = 'v', false)
     ) order by u.place)
   from (
     select arg.oid, arg.place, row_number() over (order by arg.place) as input
     from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as arg (oid, place)
     where coalesce(p.proargmodes[arg.place], 'i') in ('i', 'b', 'v')
   ) as u
   join pg_catalog.pg_type t on t.oid = u.oid
   join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  ) as arguments,
  coalesce(
    (select json_agg(
       json_build_object('name', a.attname, 'type_schema', n.nspname, 'type_name', t.typname)
       order by a.attnum)
     from pg_catalog.pg_attribute a
     join pg_catalog.pg_type t on t.oid = a.atttypid
     join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where r.typrelid <> 0 and a.attrelid = r.typrelid and a.attnum > 0 and not a.attisdropped),
    (select json_agg(
       json_build_object(
         'name', p.proargnames[arg.place], 'type_schema', n.nspname, 'type_name', t.typname)
       order by arg.place)
     from unnest(p.proallargtypes) with ordinality as arg (oid, place)
     join pg_catalog.pg_type t on t.oid = arg.oid
     join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where p.prorettype = 'record'::regtype and p.proargmodes[arg.place] in ('o', 'b', 't'))
  ) as columns
from pg_catalog.pg_proc p
join pg_catalog.pg_type r on r.oid = p.prorettype
join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
where p.pronamespace = 'public'::regnamespace
  and p.prokind = 'f'
  and p.provariadic <> '"any"'::regtype
  and r.typname not in ('trigger', 'event_trigger')

-- name: types
-- The types a column can be cast to, by name; a name in public comes last and so counts.
select n.nspname as type_schema, t.typname as type_name
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where n.nspname in ('pg_catalog', 'public') and t.typisdefined
  and t.typtype in ('b', 'd', 'e', 'r', 'm')
order by n.nspname

-- name: empty_search_path
-- Makes expressions from the catalogue come out with every name qualified.
select set_config('search_path', '', true)

-- name: tell_request
-- Lets functions and policies see which request they serve.
select
  set_config('request.method', %(method)s, true),
  set_config('request.path', %(path)s, true),
  set_config('request.headers', %(headers)s, true),
  set_config('request.cookies', '{}', true)

-- name: take_timezone
-- Shows times as in that zone, and reads those without one so, until the transaction ends.
select set_config('timezone', %(timezone)s, true)
