-- 20261122000026_realtime_sight.sql
-- Which of several callers may see which changed rows, in one call. Only the gateway asks; a hosted
-- project has functions of its own for it.
-- Needs: 20261122000025_realtime.sql

create function realtime.key_of(entity regclass) returns text[]
language sql stable set search_path = '' as $$
  select array_agg(a.attname::text order by a.attnum)
  from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = entity and i.indisprimary
$$;
comment on function realtime.key_of(regclass) is 'The columns of a table''s primary key, or null.';

create function realtime.may_see(entity regclass, rows jsonb, callers jsonb)
returns table (caller int, place int) language plpgsql set search_path = '' as $$
-- rows: objects that hold at least the primary key; callers: objects {role, claims}; both numbered
-- from 1. Whoever may select a row as it is now sees what became of it.
declare
  match text;
  asking text := current_setting('role');
  one record;
begin
  select string_agg(format('t.%1$I = k.%1$I', name), ' and ') into match
  from unnest(realtime.key_of(entity)) as name;
  for one in
    select c.value ->> 'role' as role, c.value -> 'claims' as claims, c.ordinality::int as number
    from jsonb_array_elements(callers) with ordinality as c
  loop
    perform set_config('role', one.role, true),
      set_config('request.jwt.claims', one.claims::text, true),
      set_config('request.jwt.claim.sub', coalesce(one.claims ->> 'sub', ''), true),
      set_config('request.jwt.claim.role', one.role, true);
    begin
      -- The limit keeps it a look-up by key for each row, however many the planner expects.
      return query execute format(
        'select $2, e.ordinality::int from jsonb_array_elements($1) with ordinality as e'
        ' cross join lateral jsonb_populate_record(null::%1$s, e.value) as k'
        ' where (select true from %1$s as t where %2$s limit 1)', entity, match)
      using rows, one.number;
    exception when others then null; -- whose check fails sees nothing; the others are still asked
    end;
  end loop;
  perform set_config('role', asking, true);
end
$$;
comment on function realtime.may_see(regclass, jsonb, jsonb) is 'Pairs of a caller and a row that this caller may select now.';

create function realtime.sight_of_the_gone(entity regclass, known text[], of_role text) returns text
language sql stable set search_path = '' as $$
  -- The condition that the select policies set for a role, or `false` where it would read a
  -- column that is not known. Restrictive ones must all hold, and one of the others.
  with applying as (
    select p.polpermissive as permissive,
      case
        when exists (
          select from pg_catalog.pg_depend d
          join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
          where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
            and d.refobjid = p.polrelid and d.refobjsubid > 0 and a.attname <> all (known)
        ) or pg_get_expr(p.polqual, p.polrelid) like '%.*%' then 'false'
        else format('coalesce(%s, false)', coalesce(pg_get_expr(p.polqual, p.polrelid), 'true'))
      end as condition
    from pg_catalog.pg_policy p
    where p.polrelid = entity and p.polcmd in ('r', '*') and (
      p.polroles = '{0}'
      or exists (select from unnest(p.polroles) r where pg_has_role(of_role, r, 'usage'))
    )
  )
  select concat_ws(' and ',
    coalesce('(' || string_agg(condition, ' or ') filter (where permissive) || ')', 'false'),
    string_agg(condition, ' and ') filter (where not permissive))
  from applying
$$;
comment on function realtime.sight_of_the_gone(regclass, text[], text) is 'What a role''s policies ask of a row of which only some columns are known.';

create function realtime.might_see(entity regclass, rows jsonb, callers jsonb)
returns table (caller int, place int) language plpgsql set search_path = '' as $$
-- As may_see, for rows that are gone: their policies are asked about what is still known of them.
declare
  known text[] := array(select jsonb_object_keys(rows -> 0));
  name text := (select relname from pg_catalog.pg_class where oid = entity);
  asking text := current_setting('role');
  one record;
begin
  for one in
    select c.value ->> 'role' as role, c.value -> 'claims' as claims, c.ordinality::int as number
    from jsonb_array_elements(callers) with ordinality as c
  loop
    perform set_config('role', one.role, true),
      set_config('request.jwt.claims', one.claims::text, true),
      set_config('request.jwt.claim.sub', coalesce(one.claims ->> 'sub', ''), true),
      set_config('request.jwt.claim.role', one.role, true);
    begin
      return query execute format(
        'select $2, e.ordinality::int from jsonb_array_elements($1) with ordinality as e'
        ' cross join lateral jsonb_populate_record(null::%s, e.value) as %I where %s',
        entity, name,
        case when row_security_active(entity)
          then realtime.sight_of_the_gone(entity, known, one.role) else 'true' end)
      using rows, one.number;
    exception when others then null; -- as above
    end;
  end loop;
  perform set_config('role', asking, true);
end
$$;
comment on function realtime.might_see(regclass, jsonb, jsonb) is 'Pairs of a caller and a deleted row that this caller could select, as far as can be known.';

create function realtime.forget_old_messages() returns void
language sql security definer set search_path = '' as $$
  -- Definer: nobody else may delete what was broadcast. Three days, as on a hosted project.
  delete from realtime.messages where inserted_at < now() - interval '3 days'
$$;
comment on function realtime.forget_old_messages() is 'Deletes broadcasts that were sent more than three days ago.';

alter function realtime.forget_old_messages() owner to supabase_realtime_admin;
revoke execute on all functions in schema realtime from public;
grant execute on function realtime.topic() to public;
-- They read the catalogue alone, and are needed after the caller's role was taken.
grant execute on function realtime.key_of(regclass),
  realtime.sight_of_the_gone(regclass, text[], text) to public;
grant execute on function realtime.send(jsonb, text, text, boolean) to public;
grant execute on function
  realtime.broadcast_changes(text, text, text, text, text, record, record, text) to public;
grant execute on function realtime.forget_old_messages(), realtime.may_see(regclass, jsonb, jsonb),
  realtime.might_see(regclass, jsonb, jsonb) to service_role;
