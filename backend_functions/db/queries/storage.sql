-- name: list_buckets
-- The buckets that the caller may see, in the order asked for.
select id, name, coalesce(owner::text, '') as owner, public, file_size_limit,
  allowed_mime_types, created_at, updated_at
from storage.buckets
where %(search)s::text is null or strpos(lower(name), lower(%(search)s)) > 0
order by
  case when %(column)s = 'name' and %(order)s = 'asc' then name end asc,
  case when %(column)s = 'name' and %(order)s = 'desc' then name end desc,
  case when %(column)s = 'created_at' and %(order)s = 'asc' then created_at end asc,
  case when %(column)s = 'created_at' and %(order)s = 'desc' then created_at end desc,
  case when %(column)s = 'updated_at' and %(order)s = 'asc' then updated_at end asc,
  case when %(column)s = 'updated_at' and %(order)s = 'desc' then updated_at end desc,
  case when %(order)s = 'desc' then id end desc,
  id
limit %(limit)s offset %(offset)s

-- name: find_bucket
-- One bucket, as far as the caller may see it.
select id, name, coalesce(owner::text, '') as owner, public, file_size_limit,
  allowed_mime_types, created_at, updated_at
from storage.buckets
where id = %(bucket)s

-- name: insert_bucket
-- A new bucket; nothing is returned, since the caller may not be allowed to see it.
insert into storage.buckets
  (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
values (
  %(id)s, %(name)s, %(owner)s, %(owner_id)s, %(public)s, %(file_size_limit)s,
  %(allowed_mime_types)s
)

-- name: update_bucket
-- What is given as null stays, unless the flag beside it says that null is meant.
update storage.buckets
set public = coalesce(%(public)s, public),
  file_size_limit = case when %(set_limit)s then %(file_size_limit)s else file_size_limit end,
  allowed_mime_types =
    case when %(set_types)s then %(allowed_mime_types)s::text[] else allowed_mime_types end,
  updated_at = now()
where id = %(bucket)s

-- name: has_objects
-- Whether anything lies in a bucket.
select exists (select from storage.objects where bucket_id = %(bucket)s) as has_objects

-- name: allow_deletes
-- Says to the triggers that the files are taken care of.
select set_config('storage.allow_delete_query', 'true', true)

-- name: delete_bucket
-- An empty bucket.
delete from storage.buckets where id = %(bucket)s

-- name: empty_bucket
-- Every object of a bucket that the caller may delete.
delete from storage.objects where bucket_id = %(bucket)s returning version

-- name: find_object
-- One object, as far as the caller may see it.
select id, name, version, bucket_id, metadata, user_metadata, created_at, updated_at
from storage.objects
where bucket_id = %(bucket)s and name = %(name)s

-- name: find_names
-- Which of these objects there are for the caller.
select name from storage.objects where bucket_id = %(bucket)s and name = any(%(names)s)

-- name: lock_name
-- Lets one writer of a name after the other, also while there is no row that could be locked.
select pg_advisory_xact_lock(hashtextextended(%(bucket)s || '/' || %(name)s, 0))

-- name: lock_version
-- The file that is about to be replaced.
select version from storage.objects
where bucket_id = %(bucket)s and name = %(name)s
for update

-- name: insert_object
-- A new object; nothing is returned, since the caller may not be allowed to see it.
insert into storage.objects
  (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values (
  %(id)s, %(bucket)s, %(name)s, %(owner)s, %(owner_id)s, %(version)s, %(metadata)s,
  %(user_metadata)s
)

-- name: upsert_object
-- A new object, or new content of an old one.
insert into storage.objects
  (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
values (
  %(id)s, %(bucket)s, %(name)s, %(owner)s, %(owner_id)s, %(version)s, %(metadata)s,
  %(user_metadata)s
)
on conflict (bucket_id, name) do update
set version = excluded.version, metadata = excluded.metadata,
  user_metadata = excluded.user_metadata, owner = excluded.owner, owner_id = excluded.owner_id
returning id

-- name: move_object
-- Another name, perhaps in another bucket, for the same content.
update storage.objects
set bucket_id = %(to_bucket)s, name = %(to_name)s,
  owner = coalesce(%(owner)s, owner), owner_id = coalesce(%(owner)s::text, owner_id)
where bucket_id = %(bucket)s and name = %(name)s
returning id

-- name: delete_objects
-- What the caller may delete of these.
delete from storage.objects
where bucket_id = %(bucket)s and name = any(%(names)s)
returning id, bucket_id, name, owner, owner_id, version, created_at, updated_at,
  last_accessed_at, metadata, user_metadata

-- name: list_objects
-- One page of a folder: what lies in it, and each folder below it once. The bounds are those of
-- the folder's names in the order of bytes.
with found as (
  select substr(name, length(%(prefix)s) + 1) as rest, id, updated_at, created_at,
    last_accessed_at, metadata
  from storage.objects
  where bucket_id = %(bucket)s
    and name collate "C" >= %(prefix)s and name collate "C" < %(upper)s
),
entries as (
  select rest as name, id, updated_at, created_at, last_accessed_at, metadata
  from found
  where strpos(rest, '/') = 0
  union all
  select distinct split_part(rest, '/', 1), null::uuid, null::timestamptz, null::timestamptz,
    null::timestamptz, null::jsonb
  from found
  where strpos(rest, '/') > 0
)
select name, id, updated_at, created_at, last_accessed_at, metadata
from entries
where starts_with(lower(name), lower(%(search)s))
order by
  -- Folders come first, but when it is names that are sorted by.
  case when %(column)s <> 'name' then id is not null end,
  case when %(order)s = 'asc' then
    case %(column)s when 'created_at' then created_at when 'updated_at' then updated_at
      when 'last_accessed_at' then last_accessed_at end
  end asc,
  case when %(order)s = 'desc' then
    case %(column)s when 'created_at' then created_at when 'updated_at' then updated_at
      when 'last_accessed_at' then last_accessed_at end
  end desc,
  case when %(order)s = 'desc' then name end collate "C" desc,
  name collate "C" asc
limit %(limit)s offset %(offset)s

-- name: list_by_name
-- One page of a bucket below a prefix, after a name, in the order of bytes.
select name, id, updated_at, created_at, last_accessed_at, metadata
from storage.objects
where bucket_id = %(bucket)s
  and name collate "C" >= %(prefix)s and name collate "C" < %(upper)s
  and (%(after)s::text is null or name collate "C" > %(after)s)
order by name collate "C"
limit %(limit)s

-- name: list_keyset
-- One page below a prefix, with folders as the caller wants them, in any order, after an entry.
with found as (
  select *,
    case when %(delimited)s then strpos(substr(name, length(%(prefix)s) + 1), '/') else 0 end as slash
  from storage.objects
  where bucket_id = %(bucket)s
    and name collate "C" >= %(prefix)s and name collate "C" < %(upper)s
),
entries as (
  select name, id, updated_at, created_at, last_accessed_at, metadata,
    case %(column)s when 'created_at' then created_at when 'updated_at' then updated_at
      else 'epoch' end as moment
  from found
  where slash = 0
  union all
  select substr(name, 1, length(%(prefix)s) + slash - 1), null, null, null, null, null,
    case %(column)s when 'created_at' then min(created_at) when 'updated_at' then min(updated_at)
      else 'epoch' end
  from found
  where slash > 0
  group by 1
)
select name, id, updated_at, created_at, last_accessed_at, metadata, moment
from entries
where %(after)s::text is null
  or (%(order)s = 'asc'
    and (moment, name collate "C") > (%(after_moment)s::timestamptz, %(after)s))
  or (%(order)s = 'desc'
    and (moment, name collate "C") < (%(after_moment)s::timestamptz, %(after)s))
order by
  case when %(order)s = 'asc' then moment end asc,
  case when %(order)s = 'asc' then name end collate "C" asc,
  case when %(order)s = 'desc' then moment end desc,
  case when %(order)s = 'desc' then name end collate "C" desc
limit %(limit)s

-- name: known_versions
-- Which of these files belong to an object.
select version from storage.objects where version = any(%(versions)s)

-- name: is_public
-- Whether a bucket serves every object to everybody.
select public from storage.buckets where id = %(bucket)s

-- name: say_operation
-- What is being done, for policies that ask `storage.operation()`.
select set_config('storage.operation', %(operation)s, true)

-- name: objects_of_user
-- Some of what a bucket keeps for a user: private/{kind}/{user_id}/… and public/avatars/{user_id}.png.
select name from storage.objects
where bucket_id = %(bucket)s
  and name ~ replace('^(private/[^/]+/USER/|public/avatars/USER\.)', 'USER', %(user_id)s)
limit %(limit)s

-- name: users_with_objects
-- Whose objects a bucket keeps, by the ids in their names.
select distinct left(split_part(name, '/', 3), 36) as user_id
from storage.objects
where bucket_id = %(bucket)s
  and name ~ replace(
    '^(private/[^/]+/USER/|public/avatars/USER\.)',
    'USER', '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
  )

-- name: known_users
-- Which of these users there are.
select id from auth.users where id = any(%(user_ids)s)
