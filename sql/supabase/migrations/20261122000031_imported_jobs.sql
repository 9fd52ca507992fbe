-- 20261122000031_imported_jobs.sql
-- Jobs that are over can be brought in from another backend, with the pictures they made.
-- Needs: 20261122000006_jobs.sql, 20261122000023_user_assets.sql

create function public.import_jobs(jobs jsonb) returns setof uuid
language sql security definer set search_path = '' as $$
  -- Definer: state and result, which no client may write, come with the jobs. The owner is the
  -- caller, and a job that is not over would be work that nobody was asked for.
  insert into public.jobs (
    id, user_id, job_type, status, input_data, output_data, error_log, created_at, updated_at
  )
  select
    job.id, auth.uid(), job.job_type, job.status, job.input_data, job.output_data, job.error_log,
    coalesce(job.created_at, now()), coalesce(job.updated_at, job.created_at, now())
  from jsonb_populate_recordset(null::public.jobs, import_jobs.jobs) as job
  where auth.uid() is not null and job.status in ('completed', 'failed')
  on conflict (id) do nothing;

  select id from public.jobs
  where user_id = auth.uid()
    and id in (select (item ->> 'id')::uuid from jsonb_array_elements(import_jobs.jobs) as item)
$$;
comment on function public.import_jobs(jsonb) is 'Adds jobs of the caller that are over, under their own ids and times; returns the ids of those that are the caller''s now.';
revoke execute on function public.import_jobs(jsonb) from public, anon, service_role;
grant execute on function public.import_jobs(jsonb) to authenticated;

create policy user_assets_imported_picture_insert on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'user_assets'
    and exists (
      select from public.jobs as job
      where job.user_id = (select auth.uid())
        and job.status = 'completed'
        and name = 'private/generated_images/' || job.user_id::text || '/' || job.id::text || '.png'
    )
  );
