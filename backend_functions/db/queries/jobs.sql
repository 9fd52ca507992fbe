-- name: submit
-- A new job of the caller, unless it is there already.
insert into public.jobs (id, user_id, job_type, input_data)
values (%(id)s, %(user_id)s, %(job_type)s, %(input_data)s)
on conflict (id) do nothing

-- name: find_job
-- A job as the caller sees it.
select id, job_type, input_data, status::text as status from public.jobs where id = %(id)s

-- name: claim
-- Begin an attempt at a job that is not over; whoever made the one before changes nothing any more.
with run as (
  update private.job_runs set token = %(token)s, attempt = attempt + 1, beat_at = now()
  where job_id = %(job_id)s
  returning job_id, attempt, made, expires_at
)
update public.jobs as job
set status = 'processing', attempt = run.attempt, started_at = coalesce(job.started_at, now()),
  next_attempt_at = null, error_log = null
from run
where job.id = run.job_id and job.status in ('pending', 'processing')
returning job.id, job.user_id, job.job_type, job.input_data, run.attempt, run.made,
  extract(epoch from run.expires_at - now())::float8 as remaining_seconds

-- name: keep
-- Note what an attempt is about to store, if it is still the one that counts.
update private.job_runs set made = %(made)s, beat_at = now()
where job_id = %(job_id)s and token = %(token)s
returning job_id

-- name: finish
-- End a job, if this attempt is still the one that counts.
with run as (
  delete from private.job_runs where job_id = %(job_id)s and token = %(token)s returning job_id
)
update public.jobs as job
set status = %(status)s::public.job_status, output_data = %(output_data)s,
  error_log = %(error_log)s, next_attempt_at = null
from run
where job.id = run.job_id
returning job.id, private.note_outcome(job.job_type, job.status::text, job.created_at)

-- name: put_off
-- End an attempt and let the job wait for the next, if this attempt is still the one that counts;
-- one that was only interrupted, which has no delay, is not counted.
with run as (
  update private.job_runs
  set token = null, beat_at = null,
    attempt = attempt - case when %(delay_seconds)s::float8 is null then 1 else 0 end
  where job_id = %(job_id)s and token = %(token)s
  returning job_id, attempt
)
update public.jobs as job
set status = 'pending', attempt = run.attempt, error_log = %(reason)s,
  next_attempt_at = now() + make_interval(secs => %(delay_seconds)s::float8)
from run
where job.id = run.job_id
returning job.id

-- name: beat
-- These attempts are being made; tells which of them still count.
update private.job_runs set beat_at = now()
where job_id = any(%(job_ids)s) and token = any(%(tokens)s)
returning token

-- name: fate
-- What became of a job that an attempt was made at: is it over, and is another attempt under way?
select status::text as status,
  exists (select from private.job_runs as run where run.job_id = job.id) as has_run
from public.jobs as job where id = %(job_id)s

-- name: finish_task
-- Remove a task that its worker has done; another worker's it leaves alone. Procrastinate tells
-- nobody of a task that could not be begun while this one had its lock.
with done as (
  delete from procrastinate.procrastinate_jobs
  where id = %(task_id)s and worker_id = %(worker_id)s and status = 'doing'
  returning lock
)
select pg_notify(
  'procrastinate_any_queue_v1',
  json_build_object('type', 'job_inserted', 'job_id', next_task.id)::text
)
from done
cross join lateral (
  select task.id from procrastinate.procrastinate_jobs as task
  where task.lock = done.lock and task.status = 'todo' limit 1
) as next_task

-- name: put_off_task
-- Queue a task anew for when its job may be tried again, by the database's clock; in a lane of its
-- own, so that it keeps no other job of its user waiting. Tells how long that is; nothing where the
-- job is over or the task another worker's.
select
  procrastinate.procrastinate_retry_job_v2(
    task.id, job.next_attempt_at, null, null, 'again ' || job.id
  ),
  coalesce(extract(epoch from job.next_attempt_at - clock_timestamp()), 0)::float8 as delay_seconds
from procrastinate.procrastinate_jobs as task
join private.job_runs as run on run.task_id = task.id
join public.jobs as job on job.id = run.job_id
where task.id = %(task_id)s and task.worker_id = %(worker_id)s and task.status = 'doing'

-- name: wake
-- Have every worker look for tasks, which Procrastinate does only when one is new.
select pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": 0}')

-- name: tend
-- Put in order what dead workers and lost tasks left behind; tells what was done.
select * from private.tend_jobs(%(silence_seconds)s)

-- name: find_object
-- Whether an object is there for the caller; row level security decides.
select 1 as found from storage.objects where bucket_id = %(bucket)s and name = %(path)s

-- name: register_types
-- Have these types of jobs counted each by itself.
insert into private.job_outcomes (job_type, outcome)
select job_type, outcome
from unnest(%(job_types)s::text[]) as job_type
cross join unnest(array['completed', 'failed', 'cancelled']) as outcome
on conflict do nothing
returning job_type

-- name: queue_state
-- The jobs that are not over: how many wait, wait to be tried again, are worked at; how long the
-- one has waited that waits longest; and how many workers there are.
select
  count(*) filter (where run.token is null and job.next_attempt_at is null) as waiting,
  count(*) filter (where run.token is null and job.next_attempt_at is not null) as put_off,
  count(*) filter (where run.token is not null) as running,
  coalesce(extract(epoch from max(now() - job.created_at) filter (where run.token is null)), 0)::float8
    as oldest_seconds,
  (select count(*) from procrastinate.procrastinate_workers
    where last_heartbeat > now() - interval '1 minute') as workers
from private.job_runs as run
join public.jobs as job on job.id = run.job_id

-- name: outcomes
-- How jobs ended since the beginning.
select job_type, outcome, jobs, total_seconds from private.job_outcomes
