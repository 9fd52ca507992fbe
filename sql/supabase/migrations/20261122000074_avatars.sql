-- 20261122000074_avatars.sql
-- Avatars, which everybody may see, are written by the service alone: it decodes and draws them anew.
-- Needs: 20261122000023_user_assets.sql
--
--   public/avatars/{user_id}.png   everybody reads, its owner deletes, the service writes

create or replace function private.is_writable_asset(name text, user_id uuid) returns boolean
language sql immutable set search_path = ''
  return private.is_own_asset(name, user_id) and split_part(name, '/', 2) <> 'generated_images';
comment on function private.is_writable_asset(text, uuid) is 'The path is a private one that users write themselves.';

alter policy user_assets_owner_delete on storage.objects
  using (
    bucket_id = 'user_assets'
    and (
      private.is_own_asset(name, (select auth.uid()))
      or name = 'public/avatars/' || (select auth.uid())::text || '.png'
    )
  );
