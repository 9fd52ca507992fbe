-- 20261122000065_usernames.sql
-- A username that somebody has is refused in the same words as one that cannot be.
-- Needs: 20261122000002_profiles.sql

create function private.check_username() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Definer: looks at everybody's names, of which callers see their own.
  if char_length(new.username) not between 1 and 60 or exists (
    select from public.profiles as p where p.username = new.username and p.id <> new.id
  ) then
    raise exception 'This username cannot be used.'
      using errcode = 'check_violation', hint = 'Choose another one.';
  end if;
  return new;
end
$$;
comment on function private.check_username() is 'One error for names that are taken and that are not allowed: trying names does not tell who is here.';
revoke execute on function private.check_username() from public, anon, authenticated;

-- The constraint of the column stays, for two who choose a name at once.
create trigger profiles_check_username
  before insert or update of username on public.profiles
  for each row when (new.username is not null)
  execute function private.check_username();
