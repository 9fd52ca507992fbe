-- 20261122000002_profiles.sql
-- A profile is what a user tells about themselves.
-- Needs: 20261122000001_foundations.sql

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  full_name text,
  username text unique,
  bio text,
  date_of_birth date,
  profession text,
  avatar_url text,
  survey_completed boolean default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
comment on table public.profiles is 'What a user tells about themselves, one row a user.';

-- Access: the owner reads and changes it; the row itself comes and goes with the user.
alter table public.profiles enable row level security;
revoke all on public.profiles from anon, authenticated, service_role;
grant select on public.profiles to authenticated;
grant update (full_name, username, bio, date_of_birth, profession, avatar_url, survey_completed)
  on public.profiles to authenticated;
grant all on public.profiles to service_role;

create policy profiles_owner_select on public.profiles
  for select to authenticated
  using ((select auth.uid()) = id);
create policy profiles_owner_update on public.profiles
  for update to authenticated
  using ((select auth.uid()) = id)
  with check ((select auth.uid()) = id);
