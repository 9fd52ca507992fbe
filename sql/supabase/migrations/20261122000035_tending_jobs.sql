-- 20261122000035_tending_jobs.sql
-- What workers do now and then, whoever comes first: nothing that a dead one left is lost.
-- Needs: 20261122000033_job_runs.sql

create function private.tend_jobs(silence_seconds double precision)
returns table (taken_over bigint, mended bigint, expired bigint)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  silent_since timestamptz = now() - make_interval(secs => silence_seconds);
begin
  if not pg_try_advisory_xact_lock(hashtextextended('tend jobs', 0)) then
    return;
  end if;
  -- First of all: whoever cancels a job also counts it before its task is touched.
  with late as (
    delete from private.job_runs where expires_at <= now() returning job_id, task_id
  ),
  ended as (
    update public.jobs as job
    set status = 'failed', error_log = 'It was not done in time.', next_attempt_at = null
    from late
    where job.id = late.job_id and job.status in ('pending', 'processing')
    returning job.job_type, job.created_at, late.task_id
  ),
  counted as materialized (
    select ended.task_id, private.note_outcome(ended.job_type, 'failed', ended.created_at) from ended
  )
  select count(*) filter (
    where procrastinate.procrastinate_cancel_job_v1(counted.task_id, true, true) is distinct from -1
  ) into expired
  from counted;

  -- Tasks of workers that were not heard of, but for those whose attempt was: a worker that lost the
  -- database for a while is another one to the queue, and works on.
  select count(procrastinate.procrastinate_retry_job_v2(
    stalled.id, stalled.next_attempt_at, null, null,
    case when stalled.next_attempt_at is not null then 'again ' || stalled.job_id end
  ))
  into taken_over
  from (
    -- Not joined, lest all jobs that are over are read for the few there are of these.
    select task.id, run.job_id,
      (select job.next_attempt_at from public.jobs as job where job.id = run.job_id) as next_attempt_at
    from procrastinate.procrastinate_jobs as task
    left join procrastinate.procrastinate_workers as worker on worker.id = task.worker_id
    left join private.job_runs as run on run.task_id = task.id
    where task.status = 'doing'
      and (worker.id is null or worker.last_heartbeat <= silent_since)
      and (run.beat_at is null or run.beat_at <= silent_since)
    for update of task skip locked
  ) as stalled;
  -- And tasks of jobs that were deleted.
  delete from procrastinate.procrastinate_jobs as task
  where task.status <> 'doing'
    and not exists (select from private.job_runs as run where run.task_id = task.id);

  -- Jobs whose task is nowhere, as after the queue alone was lost.
  update private.job_runs as run
  set task_id = private.defer_task(
    run.job_id, run.user_id, run.turn,
    (select job.next_attempt_at from public.jobs as job where job.id = run.job_id)
  )
  where (run.beat_at is null or run.beat_at <= silent_since)
    and not exists (
      select from procrastinate.procrastinate_jobs as task where task.id = run.task_id
    );
  get diagnostics mended = row_count;

  perform procrastinate.procrastinate_prune_stalled_workers_v1(2 * silence_seconds)
  where silence_seconds > 0;
  return next;
end
$$;
comment on function private.tend_jobs(double precision) is 'Queues anew what workers left that were not heard of for so long, gives jobs without a task one, ends jobs that are too late. Returns how many of each; no row when another worker is at it.';
revoke execute on function private.tend_jobs(double precision) from public, anon, authenticated;
grant execute on function private.tend_jobs(double precision) to service_role;

-- What operators and owners may know of it.
create function public.worker_check() returns bigint
language sql stable security definer set search_path = '' as $$
  -- Definer: the list of workers is nobody's to read; how many there are tells of no job.
  select count(*) from procrastinate.procrastinate_workers
  where last_heartbeat > now() - interval '1 minute'
$$;
comment on function public.worker_check() is 'How many workers were heard of within the last minute.';
revoke execute on function public.worker_check() from public, anon, service_role;
grant execute on function public.worker_check() to authenticated;

-- Retention: jobs that are over are found by when that was, however many there are.
create index jobs_ended_idx on public.jobs (updated_at) where status in ('completed', 'failed');

create function private.purge_jobs(before timestamptz, max_jobs integer)
returns table (id uuid, user_id uuid, picture text)
language sql set search_path = '' as $$
  delete from public.jobs as job
  where job.id in (
    select old.id from public.jobs as old
    where old.status in ('completed', 'failed') and old.updated_at < purge_jobs.before
    order by old.updated_at limit purge_jobs.max_jobs
    for update skip locked
  )
  -- Not what the row says: jobs can be brought in with any path, and the one that analysed a
  -- document names that document.
  returning job.id, job.user_id, case when job.output_data ? 'path'
    then 'private/generated_images/' || job.user_id::text || '/' || job.id::text || '.png' end
$$;
comment on function private.purge_jobs(timestamptz, integer) is 'Deletes jobs that were over before a time, the oldest first, and returns them with where the pictures they made would lie, which the caller removes.';
revoke execute on function private.purge_jobs(timestamptz, integer) from public, anon, authenticated;
grant execute on function private.purge_jobs(timestamptz, integer) to service_role;
