-- 20261122000007_profile_for_each_user.sql
-- Every new user gets a profile row in the transaction that creates them.
-- Needs: 20261122000002_profiles.sql

create function private.create_profile() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  -- Definer: the auth service, which inserts users, may not write to public.
  insert into public.profiles (id, full_name)
  values (
    new.id,
    case jsonb_typeof(new.raw_user_meta_data -> 'full_name')
      when 'string' then left(new.raw_user_meta_data ->> 'full_name', 200)
    end
  );
  return new;
end
$$;
comment on function private.create_profile() is 'Of what a user claims at sign-up only the name is taken over, cut to length.';
revoke execute on function private.create_profile() from public, anon, authenticated;

create trigger users_create_profile
  after insert on auth.users
  for each row execute function private.create_profile();
