-- name: unprotected_tables
-- Tables of ours, and the list of everybody's files, without row level security, as schema.name.
select format('%s.%s', namespace.nspname, class.relname) as name
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where class.relkind in ('r', 'p') and not class.relrowsecurity
  and (
    namespace.nspname in ('private', 'search', 'audit')
    or (namespace.nspname = 'storage' and class.relname = 'objects')
    or (
      namespace.nspname = 'public'
      and class.relname in ('profiles', 'model_configs', 'chats', 'messages', 'jobs')
    )
  )
order by 1;

-- name: bucket
-- Whether the bucket of users' files is public; no row where there is none.
select bucket.public as is_public from storage.buckets as bucket where bucket.id = 'user_assets';

-- name: database_time
-- What time it is at the database, in seconds since 1970.
select extract(epoch from pg_catalog.clock_timestamp())::float8 as seconds;

-- name: serving_process
-- Which process of the database serves this transaction.
select pg_catalog.pg_backend_pid() as process;
