-- 20261122000034_cancel_and_retry.sql
-- What owners do with jobs: give one up, or ask for the same once more.
-- Needs: 20261122000033_job_runs.sql

create function public.cancel_job(job_id uuid) returns public.jobs
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  task bigint;
  job public.jobs;
begin
  -- Definer: state is the worker's to write; this one only ends what is the caller's.
  delete from private.job_runs
  where job_id = cancel_job.job_id and user_id = auth.uid()
  returning task_id into task;
  update public.jobs
  set status = 'failed', error_log = 'Cancelled.', next_attempt_at = null
  where id = cancel_job.job_id and user_id = auth.uid() and status in ('pending', 'processing')
  returning * into job;
  if not found then
    select * into job from public.jobs where id = cancel_job.job_id and user_id = auth.uid();
    if not found then
      raise exception 'There is no such job.' using errcode = 'P0002';
    end if;
  end if;
  -- Whoever works at it is told at once.
  perform procrastinate.procrastinate_cancel_job_v1(task, true, true) where task is not null;
  return job;
end
$$;
comment on function public.cancel_job(uuid) is 'Ends a job of the caller as failed, and returns it; one that is over stays as it is.';
revoke execute on function public.cancel_job(uuid) from public, anon, service_role;
grant execute on function public.cancel_job(uuid) to authenticated;

create function public.retry_job(job_id uuid) returns public.jobs
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  job public.jobs;
  new_id uuid = gen_random_uuid();
begin
  select * into job from public.jobs where id = retry_job.job_id;
  if not found then
    raise exception 'There is no such job.' using errcode = 'P0002';
  elsif job.status <> 'failed' then
    raise exception 'Only a job that failed can be tried again.' using errcode = 'PT409';
  end if;
  insert into public.jobs (id, user_id, job_type, input_data)
  values (new_id, job.user_id, job.job_type, job.input_data);
  select * into job from public.jobs where id = new_id;
  return job;
end
$$;
comment on function public.retry_job(uuid) is 'Makes a new job of a failed one''s type and input, and returns it; the failed one stays.';
revoke execute on function public.retry_job(uuid) from public, anon, service_role;
grant execute on function public.retry_job(uuid) to authenticated;
