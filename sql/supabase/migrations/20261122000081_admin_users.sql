-- 20261122000081_admin_users.sql
-- What a user has, and its removal a bounded piece at a time, for operators.
-- Needs: 20261122000030_whole_chats.sql, 20261122000023_user_assets.sql, 20261122000033_job_runs.sql

-- Objects are looked up by ranges of their names, for which Storage keeps an index in byte order;
-- '0' is what follows '/' there.
create function private.asset_kinds() returns setof text
language sql stable set search_path = '' as $$
  with recursive kind (name) as (
    select min(split_part(object.name, '/', 2)) from (
      select name from storage.objects
      where bucket_id = 'user_assets' and name collate "C" >= 'private/' and name collate "C" < 'private0'
      order by name collate "C" limit 1
    ) as object
    union all
    select (
      select split_part(object.name, '/', 2) from storage.objects as object
      where object.bucket_id = 'user_assets'
        and object.name collate "C" >= 'private/' || kind.name || '0'
        and object.name collate "C" < 'private0'
      order by object.name collate "C" limit 1
    )
    from kind where kind.name is not null
  )
  select kind.name from kind where kind.name is not null
$$;
comment on function private.asset_kinds() is 'The folders below private/ in the users'' bucket; one step of an index each.';

create function private.assets_of(user_id uuid) returns table (name text, bytes bigint)
language sql stable set search_path = '' as $$
  select object.name, (object.metadata ->> 'size')::bigint
  from (
    select 'private/' || kind || '/' || assets_of.user_id::text || '/' as first,
      'private/' || kind || '/' || assets_of.user_id::text || '0' as past
    from private.asset_kinds() as kind
    union all
    select 'public/avatars/' || assets_of.user_id::text || '.', 'public/avatars/' || assets_of.user_id::text || '/'
  ) as folder
  join storage.objects as object
    on object.bucket_id = 'user_assets'
    and object.name collate "C" >= folder.first and object.name collate "C" < folder.past
$$;
comment on function private.assets_of(uuid) is 'The objects of one user in the users'' bucket.';
revoke execute on function private.asset_kinds(), private.assets_of(uuid) from public, anon, authenticated, service_role;

create function public.admin_objects(user_id uuid, most integer default 100)
returns table (name text, bytes bigint)
language sql stable security definer set search_path = '' as $$
  -- Definer: for the indexes' sake the objects are read past their policies, for the service only.
  select asset.name, asset.bytes from private.assets_of(admin_objects.user_id) as asset
  limit least(greatest(admin_objects.most, 1), 1000)
$$;
comment on function public.admin_objects(uuid, integer) is 'Some of what the users'' bucket keeps for a user, whether there is such a user or not.';

create function public.admin_footprint(user_id uuid)
returns table (place text, entries bigint, bytes bigint)
language sql stable security definer set search_path = '' as $$
  -- Definer: the service has no rights to some of these tables. It counts, and shows no row.
  select 'profile', count(*), null::bigint from public.profiles where id = admin_footprint.user_id
  union all
  select 'model configs', count(*), null from public.model_configs as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'chats', count(*), null from public.chats as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'messages', count(*), null from public.messages as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'deleted chats', count(*), null from private.deleted_chats as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'jobs', count(*), null from public.jobs as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'search entries', count(*), null from search.entries as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'files', count(*), coalesce(sum(asset.bytes), 0)::bigint from private.assets_of(admin_footprint.user_id) as asset
$$;
comment on function public.admin_footprint(uuid) is 'How much a user has, by place; zeros when nothing is left of them.';

create function public.admin_deleted_chats(
  user_id uuid, after uuid default null, most integer default 20
) returns setof private.deleted_chats
language sql stable security definer set search_path = '' as $$
  -- Definer: deleted chats are nobody's to read but their owners'. For what is handed to the owner.
  select kept.* from private.deleted_chats as kept
  where kept.user_id = admin_deleted_chats.user_id
    and (admin_deleted_chats.after is null or kept.id > admin_deleted_chats.after)
  order by kept.id
  limit least(greatest(admin_deleted_chats.most, 1), 500)
$$;
comment on function public.admin_deleted_chats(uuid, uuid, integer) is 'Deleted chats of one user with all that is kept of them, by id, a page at a time.';

create function public.admin_erase_rows(user_id uuid, most integer default 2000) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  bound constant integer = least(greatest(admin_erase_rows.most, 1), 10000);
  gone bigint;
begin
  -- Definer: among them are tables that the service has no rights to. Only this user's rows go.
  -- Children before parents, the newest messages first: nothing has to be hung up anew.
  delete from public.messages where id in (
    select mine.id from public.messages as mine
    where mine.user_id = admin_erase_rows.user_id order by mine.seq desc limit bound
  );
  get diagnostics gone = row_count;
  if gone > 0 then
    return gone;
  end if;
  -- The queue tells users apart by its locks; a task that is being done goes when it ends.
  delete from procrastinate.procrastinate_jobs
  where lock ^@ (admin_erase_rows.user_id::text || '/') and status <> 'doing';
  with piece as (
    select id from public.chats as mine where mine.user_id = admin_erase_rows.user_id limit bound
  ), chats as (
    delete from public.chats where id in (select id from piece) returning id
  ), kept as (
    delete from private.deleted_chats where id in (
      select id from private.deleted_chats as mine where mine.user_id = admin_erase_rows.user_id limit bound
    ) returning id
  ), jobs as (
    delete from public.jobs where id in (
      select id from public.jobs as mine where mine.user_id = admin_erase_rows.user_id limit bound
    ) returning id
  )
  select (select count(*) from chats) + (select count(*) from kept) + (select count(*) from jobs) into gone;
  return gone;
end
$$;
comment on function public.admin_erase_rows(uuid, integer) is 'Deletes some of a user''s rows and returns how many; 0 when only what goes with the user is left.';

revoke execute on function
  public.admin_objects(uuid, integer), public.admin_footprint(uuid),
  public.admin_deleted_chats(uuid, uuid, integer), public.admin_erase_rows(uuid, integer)
from public, anon, authenticated;
grant execute on function
  public.admin_objects(uuid, integer), public.admin_footprint(uuid),
  public.admin_deleted_chats(uuid, uuid, integer), public.admin_erase_rows(uuid, integer)
to service_role;
