-- 20261122000003_model_configs.sql
-- A model config names a provider, a model and the settings to ask it with.
-- Needs: 20261122000001_foundations.sql

create table public.model_configs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  name text not null,
  provider text not null,
  base_url text,
  api_key_encrypted text,
  model text not null,
  system_prompt text,
  temperature real default 0.7,
  max_tokens int default 2048,
  top_p real default 1.0,
  frequency_penalty real default 0.0,
  presence_penalty real default 0.0,
  is_default boolean default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
comment on table public.model_configs is 'A provider, a model and the settings to ask it with, owned by one user.';
comment on column public.model_configs.api_key_encrypted is 'Sealed by the functions; no client may read or write it.';

create index idx_model_configs_user_id on public.model_configs (user_id);

-- Access: owners only; the sealed key and the owner are not theirs to write. An upsert sets every
-- column it was given, so the id is among what may be updated.
alter table public.model_configs enable row level security;
revoke all on public.model_configs from anon, authenticated, service_role;
grant delete on public.model_configs to authenticated;
grant select (
  id, user_id, name, provider, base_url, model, system_prompt, temperature, max_tokens, top_p,
  frequency_penalty, presence_penalty, is_default, created_at, updated_at
) on public.model_configs to authenticated;
grant insert (
  id, user_id, name, provider, base_url, model, system_prompt, temperature, max_tokens, top_p,
  frequency_penalty, presence_penalty, is_default
) on public.model_configs to authenticated;
grant update (
  id, name, provider, base_url, model, system_prompt, temperature, max_tokens, top_p,
  frequency_penalty, presence_penalty, is_default
) on public.model_configs to authenticated;
grant all on public.model_configs to service_role;

create policy model_configs_owner_all on public.model_configs
  for all to authenticated
  using ((select auth.uid()) = user_id)
  with check ((select auth.uid()) = user_id);
