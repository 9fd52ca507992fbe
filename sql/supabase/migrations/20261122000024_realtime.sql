-- 20261122000024_realtime.sql
-- The tables whose changes clients may follow, and what is kept of a row that was deleted.
-- Needs: the publication supabase_realtime, which every Supabase project has.

-- A deleted row is told of by its key, and by its owner, so that only the owner hears of it.
-- REPLICA IDENTITY FULL would write every old answer to the log once a second while it grows.
alter table public.messages add constraint messages_id_and_owner unique (id, user_id);
alter table public.jobs add constraint jobs_id_and_owner unique (id, user_id);

alter table public.chats replica identity using index chats_id_and_owner;
alter table public.messages replica identity using index messages_id_and_owner;
alter table public.jobs replica identity using index jobs_id_and_owner;
alter table public.model_configs replica identity using index model_configs_id_and_owner;

alter publication supabase_realtime
  add table public.chats, public.messages, public.jobs, public.model_configs;
