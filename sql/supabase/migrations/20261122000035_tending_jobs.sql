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
  -- Tasks of workers that were not heard of, but for those whose attempt was: a worker that lost the
  -- database for a while is another one to the queue, and works on.
  select count(procrastinate.procrastinate_retry_job_v2(stalled.id, stalled.next_attempt_at, null, null, null))
  into taken_over
  from (
    select task.id, job.next_attempt_at
    from procrastinate.procrastinate_jobs as task
    left join procrastinate.procrastinate_workers as worker on worker.id = task.worker_id
    left join private.job_runs as run on run.task_id = task.id
    left join public.jobs as job on job.id = run.job_id
    where task.status = 'doing'
      and (worker.id is null or worker.last_heartbeat <= silent_since)
      and (run.beat_at is null or run.beat_at <= silent_since)
    for update of task skip locked
  ) as stalled;
  delete from procrastinate.procrastinate_jobs where status not in ('todo', 'doing');

  -- Jobs whose task is nowhere, as after the queue alone was lost.
  update private.job_runs as run
  set task_id = private.defer_task(run.job_id, run.user_id, run.turn)
  where (run.beat_at is null or run.beat_at <= silent_since)
    and not exists (
      select from procrastinate.procrastinate_jobs as task where task.id = run.task_id
    );
  get diagnostics mended = row_count;

  with late as (
    delete from private.job_runs where expires_at <= now() returning job_id, task_id
  ),
  ended as (
    update public.jobs as job
    set status = 'failed', error_log = 'It was not done in time.', next_attempt_at = null
    from late
    where job.id = late.job_id and job.status in ('pending', 'processing')
  )
  select count(*) filter (
    where procrastinate.procrastinate_cancel_job_v1(late.task_id, true, true) is distinct from -1
  ) into expired
  from late;
  perform procrastinate.procrastinate_prune_stalled_workers_v1(2 * silence_seconds)
  where silence_seconds > 0;
  return next;
end
$$;
comment on function private.tend_jobs(double precision) is 'Queues anew what workers left that were not heard of for so long, gives jobs without a task one, ends jobs that are too late. Returns how many of each; no row when another worker is at it.';
revoke execute on function private.tend_jobs(double precision) from public, anon, authenticated;
grant execute on function private.tend_jobs(double precision) to service_role;
