-- 20261122000023_user_assets.sql
-- The bucket for what users bring and what is made for them, and who may do what in it.
-- Needs: 20261122000001_foundations.sql, the storage schema of a Supabase project.
--
--   public/avatars/{user_id}.png                      everybody reads, its owner writes
--   private/user_files/{user_id}/{chat_id}/{file}     its owner
--   private/generated_images/{user_id}/{job_id}.png   its owner reads and deletes, the service writes

-- Not public: that would serve every object of it to everybody, private/ too.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'user_assets', 'user_assets', false, 52428800,
  array[
    'image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf', 'application/json',
    'text/*'
  ]
);

create function private.is_plain_asset_path(name text) returns boolean
language sql immutable set search_path = ''
  return name !~ '(^|/)\.{0,2}(/|$)' and name !~ '[\x01-\x1f\x7f\\]';
comment on function private.is_plain_asset_path(text) is 'No part of the path is empty, . or .., and none holds a control character or a backslash.';

create function private.is_own_asset(name text, user_id uuid) returns boolean
language sql immutable set search_path = ''
  return private.is_plain_asset_path(name)
    and name ~ '^private/[^/]+/[^/]+/[^/]'
    and split_part(name, '/', 3) = user_id::text;
comment on function private.is_own_asset(text, uuid) is 'The path is private/{kind}/{user_id}/….';

create function private.is_writable_asset(name text, user_id uuid) returns boolean
language sql immutable set search_path = ''
  return name = 'public/avatars/' || user_id::text || '.png'
    or (private.is_own_asset(name, user_id) and split_part(name, '/', 2) <> 'generated_images');
comment on function private.is_writable_asset(text, uuid) is 'The path is the user''s avatar, or a private one that users write themselves.';

-- Their bodies are parsed here once, so that callers need no right to the schema itself.
revoke execute on function
  private.is_plain_asset_path(text), private.is_own_asset(text, uuid),
  private.is_writable_asset(text, uuid)
from public, anon, authenticated;
grant execute on function
  private.is_plain_asset_path(text), private.is_own_asset(text, uuid),
  private.is_writable_asset(text, uuid)
to authenticated, service_role;

create policy user_assets_anon_select on storage.objects
  for select to anon
  using (bucket_id = 'user_assets' and split_part(name, '/', 1) = 'public');

create policy user_assets_authenticated_select on storage.objects
  for select to authenticated
  using (
    bucket_id = 'user_assets'
    and (
      split_part(name, '/', 1) = 'public'
      or private.is_own_asset(name, (select auth.uid()))
    )
  );

create policy user_assets_owner_insert on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'user_assets' and private.is_writable_asset(name, (select auth.uid()))
  );

create policy user_assets_owner_update on storage.objects
  for update to authenticated
  using (bucket_id = 'user_assets' and private.is_writable_asset(name, (select auth.uid())))
  with check (bucket_id = 'user_assets' and private.is_writable_asset(name, (select auth.uid())));

create policy user_assets_owner_delete on storage.objects
  for delete to authenticated
  using (
    bucket_id = 'user_assets'
    and (
      private.is_own_asset(name, (select auth.uid()))
      or private.is_writable_asset(name, (select auth.uid()))
    )
  );
