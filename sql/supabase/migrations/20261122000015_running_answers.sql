-- 20261122000015_running_answers.sql
-- Which server is writing which answer, so that another one can tell when it has died.
-- Needs: 20261122000005_messages.sql

create table private.running_answers (
  answer_id uuid primary key references public.messages (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  replica_id uuid not null,
  heartbeat_at timestamptz not null default now(),
  is_cancel_requested boolean not null default false
);
comment on table private.running_answers is 'One row an answer in the making; gone when it is written.';

create index running_answers_user_id_idx on private.running_answers (user_id);
create index running_answers_replica_id_idx on private.running_answers (replica_id);

-- Access: the functions only.
alter table private.running_answers enable row level security;
revoke all on private.running_answers from anon, authenticated;
grant select, insert, update, delete on private.running_answers to service_role;
