-- 20261122000033_job_runs.sql
-- A job that is not over has a run: whose turn it is, who works at it, and the task that wakes a
-- worker. The row of the job is the truth; a task only says that there is something to do.
-- Needs: 20261122000006_jobs.sql, 20261122000032_procrastinate.sql

-- What a client can tell of a job that it waits for.
alter table public.jobs
  add column attempt integer not null default 0,
  add column started_at timestamptz,
  add column next_attempt_at timestamptz;
comment on column public.jobs.attempt is 'How often work at it has begun.';
comment on column public.jobs.started_at is 'When work at it began first.';
comment on column public.jobs.next_attempt_at is 'While it waits to be tried again: not before when.';

create table private.job_runs (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  turn integer not null,
  task_id bigint not null,
  attempt integer not null default 0,
  token uuid,
  beat_at timestamptz,
  made jsonb,
  expires_at timestamptz not null default now() + interval '6 hours'
);
comment on table private.job_runs is 'One row a job that is not over; gone when it is.';
comment on column private.job_runs.turn is 'Whose turn it is: users take turns, whatever each has asked for.';
comment on column private.job_runs.token is 'Of the attempt that is being made: who has another one may change nothing.';
comment on column private.job_runs.beat_at is 'When the worker that makes the attempt was last heard of.';
comment on column private.job_runs.made is 'What the attempt is about to store, for one that takes over.';

create index job_runs_user_id_idx on private.job_runs (user_id, turn);
create index job_runs_task_id_idx on private.job_runs (task_id);
create index job_runs_expires_at_idx on private.job_runs (expires_at);

-- Access: the functions and the workers only.
alter table private.job_runs enable row level security;
revoke all on private.job_runs from anon, authenticated;
grant select, insert, update, delete on private.job_runs to service_role;

create function private.defer_task(
  job_id uuid, user_id uuid, turn integer, due_at timestamptz default null
) returns bigint
language sql set search_path = '' as $$
  -- Tasks of one lock are worked at one by one, so a user has sixteen at work and no more. One that
  -- waits to be tried again has a lock of its own, so that it keeps no other waiting.
  select (procrastinate.procrastinate_defer_jobs_v1(array[row(
    'jobs', 'run_job', -defer_task.turn,
    case
      when defer_task.due_at is null then defer_task.user_id || '/' || defer_task.turn % 16
      else 'again ' || defer_task.job_id
    end,
    null, jsonb_build_object('job_id', defer_task.job_id), defer_task.due_at
  )::procrastinate.procrastinate_job_to_defer_v1]))[1]
$$;
comment on function private.defer_task(uuid, uuid, integer, timestamptz) is 'Queues the task of a job, not to be begun before a moment, and returns its id.';
revoke execute on function private.defer_task(uuid, uuid, integer, timestamptz) from public, anon, authenticated;
grant execute on function private.defer_task(uuid, uuid, integer, timestamptz) to service_role;

create function private.queue_job() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  unfinished bigint;
  last_turn integer;
  present_turn integer;
begin
  -- Definer: the queue is nobody's to write but by a job of one's own. One of a user's jobs after
  -- the other, so that their turns rise as they come.
  perform pg_advisory_xact_lock(hashtextextended('jobs of ' || new.user_id::text, 0));
  select count(*), max(run.turn) into unfinished, last_turn
  from private.job_runs as run where run.user_id = new.user_id;
  if unfinished >= 1000 then
    raise exception 'You have too many jobs that are not over. Wait for some to end.'
      using errcode = 'PT429';
  end if;
  -- Fair queueing: who comes new is served with those whose turn it is, not after all they asked for.
  select -task.priority into present_turn
  from procrastinate.procrastinate_jobs as task
  where task.status = 'todo' and (task.scheduled_at is null or task.scheduled_at <= now())
  order by task.priority desc, task.id limit 1;
  last_turn = greatest(present_turn, last_turn + 1, 0);
  insert into private.job_runs (job_id, user_id, turn, task_id)
  values (new.id, new.user_id, last_turn, private.defer_task(new.id, new.user_id, last_turn));
  return null;
end
$$;
comment on function private.queue_job() is 'Gives a new job its run and its task, in the transaction that makes it.';

create trigger jobs_queue after insert on public.jobs
  for each row when (new.status = 'pending') execute function private.queue_job();

create function private.keep_ended_job() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'A job that is over does not change.' using errcode = 'PT409';
end
$$;
comment on function private.keep_ended_job() is 'Refuses every change of a job that is over.';

create trigger jobs_keep_ended before update on public.jobs
  for each row when (old.status in ('completed', 'failed')) execute function private.keep_ended_job();
