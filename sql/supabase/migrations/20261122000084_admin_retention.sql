-- 20261122000084_admin_retention.sql
-- Chats and jobs that were not used for long, and their removal a piece at a time; the end of
-- somebody's job. For operators.
-- Needs: 20261122000081_admin_users.sql, 20261122000034_cancel_and_retry.sql

create function public.admin_old(
  before timestamptz, user_id uuid default null
) returns table (place text, entries bigint, users bigint, oldest timestamptz)
language sql stable security definer set search_path = '' as $$
  -- Definer: deleted chats are nobody's to read. It counts, and shows no row.
  select 'chats', count(*), count(distinct chat.user_id), min(chat.updated_at)
  from public.chats as chat
  where chat.updated_at < admin_old.before
    and (admin_old.user_id is null or chat.user_id = admin_old.user_id)
  union all
  select 'jobs', count(*), count(distinct job.user_id), min(job.updated_at)
  from public.jobs as job
  where job.updated_at < admin_old.before and job.status in ('completed', 'failed')
    and (admin_old.user_id is null or job.user_id = admin_old.user_id)
  union all
  select 'deleted chats', count(*), count(distinct kept.user_id), min(kept.deleted_at)
  from private.deleted_chats as kept
  where kept.deleted_at < least(admin_old.before, now() - interval '30 days')
    and (admin_old.user_id is null or kept.user_id = admin_old.user_id)
$$;
comment on function public.admin_old(timestamptz, uuid) is 'How many chats, jobs that are over, and deleted chats past their 30 days were last used before a moment: of all users, or of one.';

create function public.admin_erase_chats(chat_ids uuid[], before timestamptz, most integer default 2000)
returns bigint
language plpgsql set search_path = '' as $$
declare
  bound constant integer = least(greatest(admin_erase_chats.most, 1), 10000);
  gone bigint;
begin
  -- A chat that somebody went on with meanwhile stays; one that loses messages here is not used.
  perform set_config('pocketllm.keeps_times', 'yes', true);
  delete from public.messages where id in (
    select message.id from public.messages as message
    join public.chats as chat on chat.id = message.chat_id
    where message.chat_id = any (admin_erase_chats.chat_ids) and chat.updated_at < admin_erase_chats.before
    order by message.seq desc limit bound
  );
  get diagnostics gone = row_count;
  perform set_config('pocketllm.keeps_times', 'no', true);
  if gone > 0 then
    return gone;
  end if;
  delete from public.chats as chat
  where chat.id = any (admin_erase_chats.chat_ids) and chat.updated_at < admin_erase_chats.before;
  get diagnostics gone = row_count;
  return gone;
end
$$;
comment on function public.admin_erase_chats(uuid[], timestamptz, integer) is 'Deletes for good some of what belongs to chats that were last used before a moment, and then the chats; returns how many rows went, 0 when there are none.';

create function public.admin_forget_deleted(
  before timestamptz, user_id uuid default null, most integer default 500
) returns bigint
language sql security definer set search_path = '' as $$
  -- Definer: deleted chats are nobody's to reach but their owners'. What can be restored stays.
  with gone as (
    delete from private.deleted_chats where id in (
      select kept.id from private.deleted_chats as kept
      where kept.deleted_at < least(admin_forget_deleted.before, now() - interval '30 days')
        and (admin_forget_deleted.user_id is null or kept.user_id = admin_forget_deleted.user_id)
      limit least(greatest(admin_forget_deleted.most, 1), 5000)
    )
    returning 1
  )
  select count(*) from gone
$$;
comment on function public.admin_forget_deleted(timestamptz, uuid, integer) is 'Removes for good some chats that were deleted before a moment and more than 30 days ago; returns how many.';

create function public.admin_cancel_job(job_id uuid) returns setof public.jobs
language plpgsql security definer set search_path = '' as $$
begin
  -- Definer: as its owner, whose to end it is, so that the queue hears of it too.
  perform set_config('request.jwt.claims', jsonb_build_object('sub', job.user_id, 'role', 'authenticated')::text, true)
  from public.jobs as job
  where job.id = admin_cancel_job.job_id and job.status in ('pending', 'processing');
  if not found then
    return;
  end if;
  return query select * from public.cancel_job(admin_cancel_job.job_id);
end
$$;
comment on function public.admin_cancel_job(uuid) is 'Ends somebody''s job as failed and returns it; none where it is over or not there.';

revoke execute on function
  public.admin_cancel_job(uuid),
  public.admin_old(timestamptz, uuid), public.admin_erase_chats(uuid[], timestamptz, integer),
  public.admin_forget_deleted(timestamptz, uuid, integer)
from public, anon, authenticated;
grant execute on function
  public.admin_cancel_job(uuid),
  public.admin_old(timestamptz, uuid), public.admin_erase_chats(uuid[], timestamptz, integer),
  public.admin_forget_deleted(timestamptz, uuid, integer)
to service_role;
