-- 20261122000006_jobs.sql
-- A job is work that a worker does while nobody waits: an image, a file analysis.
-- Needs: 20261122000001_foundations.sql

create type public.job_status as enum ('pending', 'processing', 'completed', 'failed');

create table public.jobs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  job_type text not null,
  status public.job_status default 'pending',
  input_data jsonb,
  output_data jsonb,
  error_log text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
comment on table public.jobs is 'Work done by a worker, and its result.';

create index idx_jobs_user_id_status on public.jobs (user_id, status);

-- Access: owners ask for work and read its result; state and result are the worker's to write.
alter table public.jobs enable row level security;
revoke all on public.jobs from anon, authenticated, service_role;
grant select, delete on public.jobs to authenticated;
grant insert (id, user_id, job_type, input_data) on public.jobs to authenticated;
grant all on public.jobs to service_role;

create policy jobs_owner_all on public.jobs
  for all to authenticated
  using ((select auth.uid()) = user_id)
  with check ((select auth.uid()) = user_id);
