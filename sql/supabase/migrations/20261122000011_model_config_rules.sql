-- 20261122000011_model_config_rules.sql
-- At most one default a user, names that are unique for a user, and what a client may know of a key.
-- Needs: 20261122000003_model_configs.sql

alter table public.model_configs
  add constraint model_configs_name_is_unique unique (user_id, name),
  add column key_last4 text,
  add column has_key boolean generated always as (api_key_encrypted is not null) stored,
  -- These hold a key for pictures or for web search: a chat that began with one could never be answered.
  add constraint model_configs_default_answers
    check (not (is_default and provider in ('imagerouter', 'tavily')));
comment on column public.model_configs.key_last4 is 'The last four characters of the key, written together with it.';
grant select (key_last4, has_key) on public.model_configs to authenticated;

create unique index model_configs_one_default on public.model_configs (user_id) where is_default;

create function private.queue_for_default() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- Before any row is locked: who waits here holds nothing that the one before needs.
  perform pg_advisory_xact_lock(hashtextextended('default:' || (select auth.uid()), 0));
  return null;
end
$$;
comment on function private.queue_for_default() is 'Lets a user''s changes of the default come one after the other.';

create function private.keep_one_default() returns trigger
language plpgsql set search_path = '' as $$
begin
  -- Once more for writers that are not the user; free for those who hold it.
  perform pg_advisory_xact_lock(hashtextextended('default:' || new.user_id, 0));
  if new.is_default then
    -- A row of the same name is left alone: it is what an upsert by name is about to change.
    update public.model_configs set is_default = false
    where user_id = new.user_id and id <> new.id and name <> new.name and is_default;
  elsif tg_op = 'INSERT' and new.provider not in ('imagerouter', 'tavily') then
    -- somebody's first config that answers is their default
    new.is_default = not exists (
      select from public.model_configs where user_id = new.user_id and is_default
    );
  end if;
  return new;
end
$$;
comment on function private.keep_one_default() is 'A new default takes the place of the old one.';

create trigger model_configs_queue_for_default
  before insert or update of is_default on public.model_configs
  for each statement execute function private.queue_for_default();
create trigger model_configs_keep_one_default
  before insert or update of is_default on public.model_configs
  for each row execute function private.keep_one_default();
