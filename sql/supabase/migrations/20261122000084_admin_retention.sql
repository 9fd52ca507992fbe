-- 20261122000084_admin_retention.sql
-- Chats and jobs that were not used for long, and their removal a piece at a time; the end of
-- somebody's job. For operators.
-- Needs: 20261122000079_erased_chats.sql, 20261122000081_admin_users.sql,
--   20261122000034_cancel_and_retry.sql

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
returns table (chat_id uuid, owner_id uuid, erased bigint, is_gone boolean)
language plpgsql set search_path = '' as $$
declare
  remaining integer = least(greatest(admin_erase_chats.most, 1), 10000);
  old public.chats;
begin
  -- A chat that somebody goes on with stays. It is locked, so nobody does while it goes, and it
  -- goes whole where it is no longer than a piece.
  perform set_config('pocketllm.keeps_times', 'yes', true);
  for old in
    select chat.* from public.chats as chat
    where chat.id = any (admin_erase_chats.chat_ids) and chat.updated_at < admin_erase_chats.before
    order by chat.id for update
  loop
    delete from public.messages where id in (
      select message.id from public.messages as message
      where message.chat_id = old.id order by message.seq desc limit remaining
    );
    get diagnostics erased = row_count;
    chat_id = old.id;
    owner_id = old.user_id;
    is_gone = not exists (select from public.messages as message where message.chat_id = old.id);
    if is_gone then
      delete from public.chats as chat where chat.id = old.id;
      insert into private.erased_chats (chat_id, owner_id) values (old.id, old.user_id) on conflict do nothing;
    end if;
    return next;
    remaining = remaining - erased;
    exit when remaining <= 0;
  end loop;
  perform set_config('pocketllm.keeps_times', 'no', true);
end
$$;
comment on function public.admin_erase_chats(uuid[], timestamptz, integer) is 'Deletes for good chats that were last used before a moment, so many messages at once: how many went of each, and whether it went too. No row when none is left.';

create function public.admin_forget_deleted(
  before timestamptz, user_id uuid default null, most integer default 500
) returns table (chat_id uuid, owner_id uuid)
language sql security definer set search_path = '' as $$
  -- Definer: deleted chats are nobody's to reach but their owners'. What can be restored stays.
  with gone as (
    delete from private.deleted_chats where id in (
      select kept.id from private.deleted_chats as kept
      where kept.deleted_at < least(admin_forget_deleted.before, now() - interval '30 days')
        and (admin_forget_deleted.user_id is null or kept.user_id = admin_forget_deleted.user_id)
      limit least(greatest(admin_forget_deleted.most, 1), 500)
    )
    returning id, user_id
  ), noted as (
    insert into private.erased_chats (chat_id, owner_id)
    select gone.id, gone.user_id from gone on conflict do nothing
  )
  select gone.id, gone.user_id from gone
$$;
comment on function public.admin_forget_deleted(timestamptz, uuid, integer) is 'Removes for good some chats that were deleted before a moment and more than 30 days ago, and returns them.';

create function public.admin_erased_chats(user_id uuid default null, most integer default 50)
returns table (chat_id uuid, owner_id uuid)
language sql set search_path = '' as $$
  -- Somebody may have brought a chat of the same id in again: its files are needed then.
  delete from private.erased_chats as erased
  where exists (select from public.chats where id = erased.chat_id)
    or exists (select from private.deleted_chats where id = erased.chat_id);
  select erased.chat_id, erased.owner_id from private.erased_chats as erased
  where admin_erased_chats.user_id is null or erased.owner_id = admin_erased_chats.user_id
  order by erased.erased_at, erased.chat_id
  limit least(greatest(admin_erased_chats.most, 1), 500)
$$;
comment on function public.admin_erased_chats(uuid, integer) is 'Some chats that were erased and whose files are still to go, the first erased first: of all users, or of one.';

create function public.admin_files_gone(chat_ids uuid[]) returns bigint
language sql set search_path = '' as $$
  with gone as (
    delete from private.erased_chats where chat_id = any (admin_files_gone.chat_ids) returning 1
  )
  select count(*) from gone
$$;
comment on function public.admin_files_gone(uuid[]) is 'Takes erased chats whose files are gone off the list; returns how many.';

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
  public.admin_forget_deleted(timestamptz, uuid, integer),
  public.admin_erased_chats(uuid, integer), public.admin_files_gone(uuid[])
from public, anon, authenticated;
grant execute on function
  public.admin_cancel_job(uuid),
  public.admin_old(timestamptz, uuid), public.admin_erase_chats(uuid[], timestamptz, integer),
  public.admin_forget_deleted(timestamptz, uuid, integer),
  public.admin_erased_chats(uuid, integer), public.admin_files_gone(uuid[])
to service_role;
