-- 20261122000034_cancel_and_retry.sql
-- What owners do with jobs: give one up, or ask for the same once more.
-- Needs: 20261122000033_job_runs.sql

-- How jobs ended, so that nobody has to count them; types that no worker has told of count as one.
create table private.job_outcomes (
  job_type text not null,
  outcome text not null,
  jobs bigint not null default 0,
  total_seconds double precision not null default 0,
  primary key (job_type, outcome)
);
comment on table private.job_outcomes is 'How many jobs ended how, and how long they took from being asked for, all together.';
alter table private.job_outcomes enable row level security;
revoke all on private.job_outcomes from anon, authenticated;
grant select, insert, update, delete on private.job_outcomes to service_role;

create function private.note_outcome(job_type text, outcome text, asked_at timestamptz) returns void
language sql set search_path = '' as $$
  insert into private.job_outcomes as noted (job_type, outcome, jobs, total_seconds)
  select
    case when exists (
      select from private.job_outcomes as known where known.job_type = note_outcome.job_type
    ) then note_outcome.job_type else 'other' end,
    note_outcome.outcome, 1, extract(epoch from clock_timestamp() - note_outcome.asked_at)
  on conflict (job_type, outcome) do update
  set jobs = noted.jobs + 1, total_seconds = noted.total_seconds + excluded.total_seconds
$$;
comment on function private.note_outcome(text, text, timestamptz) is 'Counts a job that ended.';
revoke execute on function private.note_outcome(text, text, timestamptz) from public, anon, authenticated;
grant execute on function private.note_outcome(text, text, timestamptz) to service_role;

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
  if found then
    perform private.note_outcome(job.job_type, 'cancelled', job.created_at);
  else
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
