-- 20261122000070_self_check.sql
-- Lets `pocketllm doctor` find out whether what protects people's things is switched on.
-- Needs: 20261122000023_user_assets.sql, 20261122000024_realtime.sql

create function public.self_check()
returns table (open_tables text[], unheard_tables text[], bucket_is_private boolean)
language sql stable security definer set search_path = '' as $$
  -- Definer: nobody may read the list of buckets. It tells how things are set, and of no row.
  select
    array(
      select relname::text from pg_catalog.pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
      order by 1
    ),
    array(
      select wanted.name from unnest(array['chats', 'messages', 'model_configs', 'jobs']) as wanted (name)
      where not exists (
        select from pg_catalog.pg_publication_tables as told
        where told.pubname = 'supabase_realtime'
          and told.schemaname = 'public' and told.tablename = wanted.name
      )
    ),
    (select not bucket.public from storage.buckets as bucket where bucket.id = 'user_assets')
$$;
comment on function public.self_check() is 'Tables without row level security, tables whose changes are not told, and whether the bucket user_assets is private (null: there is none).';
revoke execute on function public.self_check() from public, anon, service_role;
grant execute on function public.self_check() to authenticated;
