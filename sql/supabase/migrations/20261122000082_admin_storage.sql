-- 20261122000082_admin_storage.sql
-- Objects that belong to nothing, rows whose object is gone, and who keeps how much, for operators.
-- Needs: 20261122000081_admin_users.sql, 20261122000077_image_inputs.sql

create function private.as_uuid(text text) returns uuid
language sql immutable set search_path = ''
  return case
    when as_uuid.text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then as_uuid.text::uuid
  end;
comment on function private.as_uuid(text) is 'A UUID as paths have it; null for what is none.';
revoke execute on function private.as_uuid(text) from public, anon, authenticated, service_role;

-- A hosted project answers with 1,000 rows at most, so a page and its last row are well below that.
create function public.admin_garbage(
  grace_seconds double precision default 86400, after text default '', most integer default 500
) returns table (name text, bytes bigint, reason text, next text)
language sql stable security definer set search_path = '' as $$
  -- Definer: owners of objects are looked up among users and deleted chats, which nobody may read.
  with page as materialized (
    select object.name, (object.metadata ->> 'size')::bigint as bytes,
      greatest(object.created_at, object.updated_at) as moment,
      split_part(object.name, '/', 1) || '/' || split_part(object.name, '/', 2) as kind,
      private.as_uuid(left(split_part(object.name, '/', 3), 36)) as owner,
      private.as_uuid(left(split_part(object.name, '/', 4), 36)) as thing
    from storage.objects as object
    where object.bucket_id = 'user_assets' and object.name collate "C" > admin_garbage.after
    order by object.name collate "C"
    limit least(greatest(admin_garbage.most, 1), 500)
  ), judged as (
    select page.name, page.bytes,
      case
        when page.moment > now() - make_interval(secs => admin_garbage.grace_seconds) then null
        when page.owner is null then null
        when not exists (select from auth.users where id = page.owner) then 'user gone'
        when page.kind = 'private/user_files' and page.thing is not null
          and not exists (select from public.chats where id = page.thing)
          and not exists (select from private.deleted_chats where id = page.thing) then 'chat gone'
        when page.kind = 'private/generated_images' and page.thing is not null
          and not exists (select from public.jobs where id = page.thing and status <> 'failed') then 'job gone'
        when page.kind = 'private/image_inputs'
          and not exists (
            select from public.jobs as job
            where job.user_id = page.owner
              and job.input_data ->> 'inputImage' in (page.name, 'user_assets/' || page.name)
          ) then 'job gone'
      end as reason
    from page
  ), past as (
    select max(page.name collate "C") as name from page
    having count(*) = least(greatest(admin_garbage.most, 1), 500)
  )
  select judged.name, judged.bytes, judged.reason, null from judged where judged.reason is not null
  union all
  select null, null, null, past.name from past
$$;
comment on function public.admin_garbage(double precision, text, integer) is 'Looks at one page of objects, by name: those that nothing needs and that are older than the grace, with the reason; a last row has the name to go on after, if there may be more.';

create function public.admin_missing(
  grace_seconds double precision default 86400, after uuid default null, most integer default 500
) returns table (id uuid, user_id uuid, path text, next uuid)
language sql stable security definer set search_path = '' as $$
  -- Definer: for the indexes' sake the objects are read past their policies, for the service only.
  with page as materialized (
    select job.id, job.user_id, job.output_data ->> 'path' as path, job.updated_at
    from public.jobs as job
    where job.status = 'completed' and (admin_missing.after is null or job.id > admin_missing.after)
    order by job.id
    limit least(greatest(admin_missing.most, 1), 500)
  ), past as (
    select (array_agg(page.id order by page.id desc))[1] as id from page
    having count(*) = least(greatest(admin_missing.most, 1), 500)
  )
  select page.id, page.user_id, page.path, null::uuid from page
  -- The job that analysed a document names that document, and stays when it goes.
  where regexp_replace(page.path, '^user_assets/', '')
      = 'private/generated_images/' || page.user_id::text || '/' || page.id::text || '.png'
    and page.updated_at < now() - make_interval(secs => admin_missing.grace_seconds)
    and not exists (
      select from storage.objects as object
      where object.bucket_id = 'user_assets'
        and object.name = regexp_replace(page.path, '^user_assets/', '')
    )
  union all
  select null, null, null, past.id from past
$$;
comment on function public.admin_missing(double precision, uuid, integer) is 'Looks at one page of completed jobs: those whose picture is gone; a last row has the id to go on after, if there may be more.';

create function public.admin_storage_usage(after text default '', most integer default 50000)
returns jsonb
language sql stable security definer set search_path = '' as $$
  -- Definer: objects are counted past their policies, for the service only.
  with page as materialized (
    select object.name, (object.metadata ->> 'size')::bigint as bytes
    from storage.objects as object
    where object.bucket_id = 'user_assets' and object.name collate "C" > admin_storage_usage.after
    order by object.name collate "C"
    limit least(greatest(admin_storage_usage.most, 1), 50000)
  ), share as (
    select left(split_part(page.name, '/', 3), 36) as owner, count(*) as files, sum(page.bytes) as bytes
    from page group by 1
  )
  select jsonb_build_object(
    'next', (
      select max(page.name collate "C") from page
      having count(*) = least(greatest(admin_storage_usage.most, 1), 50000)
    ),
    'shares', coalesce((
      select jsonb_agg(jsonb_build_object(
        'user_id', private.as_uuid(share.owner), 'files', share.files, 'bytes', coalesce(share.bytes, 0)
      )) from share
    ), '[]')
  )
$$;
comment on function public.admin_storage_usage(text, integer) is 'Looks at one page of objects, by name: whose they are, how many and how big, and the name to go on after, if there may be more. Without a user: in no one''s folder.';

revoke execute on function
  public.admin_garbage(double precision, text, integer),
  public.admin_missing(double precision, uuid, integer), public.admin_storage_usage(text, integer)
from public, anon, authenticated;
grant execute on function
  public.admin_garbage(double precision, text, integer),
  public.admin_missing(double precision, uuid, integer), public.admin_storage_usage(text, integer)
to service_role;
