-- 20261122000019_titles.sql
-- Who gave a chat its title, so that none that a person gave is ever written over.
-- Needs: 20261122000004_chats.sql

alter table public.chats
  add column title_by text not null default 'person',
  add constraint chats_title_by_is_known check (title_by in ('person', 'prompt', 'model'));
comment on column public.chats.title_by is 'person, prompt (the beginning of the first prompt) or model.';
grant insert (title_by), update (title_by) on public.chats to authenticated;

create function private.note_who_titled() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.title_by = old.title_by then
    new.title_by = 'person';
  end if;
  return new;
end
$$;
comment on function private.note_who_titled() is 'Who changes a title and does not say otherwise is a person.';

create trigger chats_note_who_titled before update of title on public.chats
  for each row when (new.title is distinct from old.title)
  execute function private.note_who_titled();
