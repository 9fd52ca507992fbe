-- 20261122000008_updated_at.sql
-- updated_at follows every change.
-- Needs: the tables that have the column.

create trigger profiles_set_updated_at before update on public.profiles
  for each row execute function private.set_updated_at();
create trigger model_configs_set_updated_at before update on public.model_configs
  for each row execute function private.set_updated_at();
-- A chat whose model config is deleted has not been used.
create trigger chats_set_updated_at before update on public.chats
  for each row when (old.model_config_id is null or new.model_config_id is not null)
  execute function private.set_updated_at();
create trigger jobs_set_updated_at before update on public.jobs
  for each row execute function private.set_updated_at();
