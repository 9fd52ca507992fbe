-- 20261122000027_realtime_filters.sql
-- Filters of those who follow changes, read and compared as the types of their columns. Only the
-- gateway asks; a hosted project has functions of its own for it.
-- Needs: 20261122000025_realtime.sql

create function realtime.column_type(entity regclass, name text, out type text, out of regtype, out schema text)
language sql stable set search_path = '' as $$
  -- Without a length, so that a value is not cut to it.
  select pg_catalog.format_type(a.atttypid, -1), a.atttypid::regtype, t.typnamespace::regnamespace::text
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attrelid = entity and a.attname = name and a.attnum > 0 and not a.attisdropped
$$;
comment on function realtime.column_type(regclass, text) is 'A column''s type, as it is written and as it is known, and the schema that has its operators.';

create function realtime.check_filter(of regtype, op text, value text) returns void
language plpgsql set search_path = '' as $$
begin
  if op = 'is' then
    if value not in ('null', 'true', 'false', 'unknown') then
      raise exception 'invalid value for is filter: must be null, true, false, or unknown';
    elsif value <> 'null' and of <> 'boolean'::regtype then
      raise exception 'is % filter requires a boolean column, got %', value, of::text;
    end if;
  elsif op in ('like', 'ilike', 'match', 'imatch') then
    if not exists (
      select from pg_catalog.pg_operator o
      where o.oprname = case op when 'match' then '~' when 'imatch' then '~*' else '~~' end
        and o.oprleft = of and o.oprresult = 'boolean'::regtype
    ) then
      raise exception 'operator % requires a text-compatible column type, got %', op, of::text;
    end if;
    if op in ('match', 'imatch') then
      begin
        perform '' ~ value;
      exception when others then
        raise exception 'invalid regular expression for % filter: %', op, sqlerrm;
      end;
    end if;
  end if;
end
$$;
comment on function realtime.check_filter(regtype, text, text) is 'Refuses a filter that its column''s type cannot have, in the words of a hosted project.';

create function realtime.read_filters(entity regclass, filters jsonb)
returns table (place int, texts text[], is_exact boolean)
language plpgsql set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, MDY' as $$
-- filters: objects {column, op, value}. The texts are the values as the log would write them; where
-- equal values of a type are always written alike, equal texts are enough.
declare
  one record;
  kind record;
  empty_count int;
begin
  for one in
    select f.value ->> 'column' as name, f.value ->> 'op' as op, f.value ->> 'value' as value,
      f.ordinality::int as number
    from jsonb_array_elements(filters) with ordinality as f
  loop
    kind := realtime.column_type(entity, one.name);
    perform realtime.check_filter(kind.of, one.op, one.value);
    texts := array[one.value];
    empty_count := 0;
    if one.op = 'in' then
      execute format(
        'select array_agg(format(''%%s'', e)), count(*) filter (where e is null) from unnest(%L::%s[]) as e',
        one.value, kind.type) into texts, empty_count;
      if cardinality(texts) > 100 then
        raise exception 'too many values for `in` filter. Maximum 100';
      end if;
    elsif one.op not in ('is', 'like', 'ilike', 'match', 'imatch') then
      execute format('select array[format(''%%s'', %L::%s)]', one.value, kind.type) into texts;
    end if;
    place := one.number;
    is_exact := texts is not null and empty_count = 0 and (
      kind.of in ('smallint'::regtype, 'integer', 'bigint', 'oid', 'uuid', 'boolean', 'text',
        'character varying', 'date', 'timestamp', 'timestamptz', 'bytea')
      or exists (select from pg_catalog.pg_type t where t.oid = kind.of and t.typtype = 'e'));
    return next;
  end loop;
end
$$;
comment on function realtime.read_filters(regclass, jsonb) is 'The values of filters, read as the types of a table''s columns.';

create function realtime.filter_condition(type text, op text, value text, negate boolean) returns text
language sql immutable set search_path = '' as $$
  select format(case when negate then 'not (v %s %s)' else '(v %s %s)' end,
    case op
      when 'eq' then '=' when 'neq' then '<>' when 'lt' then '<' when 'lte' then '<='
      when 'gt' then '>' when 'gte' then '>=' when 'in' then '= any'
      when 'like' then 'like' when 'ilike' then 'ilike' when 'match' then '~' when 'imatch' then '~*'
      when 'isdistinct' then 'is distinct from'
    end,
    format(case op when 'in' then '(%L::%s[])' else '%L::%s' end, value, type))
$$;
comment on function realtime.filter_condition(text, text, text, boolean) is 'A filter as a condition on `v`, of a type; null where there is no such operator.';

create function realtime.fulfil(entity regclass, rows jsonb, filters jsonb)
returns table (filter int, place int)
language plpgsql set search_path = '' set timezone = 'UTC' set datestyle = 'ISO, MDY' as $$
-- rows: objects of columns as the log writes them; filters: objects {column, op, value, negate};
-- both numbered from 1. A column that a row does not tell of fulfils nothing.
declare
  one record;
  kind record;
begin
  for one in
    select f.value ->> 'column' as name, f.value ->> 'op' as op, f.value ->> 'value' as value,
      (f.value ->> 'negate')::boolean as negate, f.ordinality::int as number
    from jsonb_array_elements(filters) with ordinality as f
  loop
    begin
      kind := realtime.column_type(entity, one.name);
      perform set_config('search_path', kind.schema, true);
      return query execute format(
        'select $2, e.ordinality::int from jsonb_array_elements($1) with ordinality as e'
        ' cross join lateral (select (e.value ->> %1$L)::%2$s as v) as r where e.value ? %1$L and %3$s',
        one.name, kind.type,
        realtime.filter_condition(kind.type, one.op, one.value, one.negate))
      using rows, one.number;
    exception when others then null; -- the column has become another: it fulfils nothing
    end;
  end loop;
end
$$;
comment on function realtime.fulfil(regclass, jsonb, jsonb) is 'Pairs of a filter and a row that fulfils it.';

revoke execute on function realtime.column_type(regclass, text),
  realtime.check_filter(regtype, text, text), realtime.read_filters(regclass, jsonb),
  realtime.filter_condition(text, text, text, boolean), realtime.fulfil(regclass, jsonb, jsonb)
  from public;
grant execute on function realtime.column_type(regclass, text),
  realtime.check_filter(regtype, text, text), realtime.read_filters(regclass, jsonb),
  realtime.filter_condition(text, text, text, boolean), realtime.fulfil(regclass, jsonb, jsonb)
  to service_role;
