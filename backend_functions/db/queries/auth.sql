-- name: insert_user
-- A new user whose e-mail address counts as confirmed.
insert into auth.users (
  email, encrypted_password, email_confirmed_at, last_sign_in_at,
  raw_app_meta_data, raw_user_meta_data
)
values (
  %(email)s, %(password_hash)s, now(), now(),
  '{"provider": "email", "providers": ["email"]}', %(user_metadata)s
)
returning *

-- name: insert_identity
-- The identity of a user who signs in with e-mail and password.
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at)
values (
  %(user_id)s::text,
  %(user_id)s,
  jsonb_build_object(
    'sub', %(user_id)s::text, 'email', %(email)s::text,
    'email_verified', true, 'phone_verified', false
  ),
  'email',
  now()
)

-- name: find_user_by_email
-- The user with an address, which is given in small letters; deleted users are gone.
select * from auth.users
where lower(email) = %(email)s and is_sso_user = false and deleted_at is null

-- name: find_user
-- One user, unless deleted.
select * from auth.users where id = %(user_id)s and deleted_at is null

-- name: lock_user
-- One user whom nobody else changes until the end of the transaction.
select * from auth.users where id = %(user_id)s and deleted_at is null for update

-- name: list_identities
-- A user's identities, oldest first.
select * from auth.identities where user_id = %(user_id)s order by created_at, id

-- name: mark_signed_in
-- Remember when a user last signed in.
with identity as (
  update auth.identities set last_sign_in_at = now(), updated_at = now()
  where user_id = %(user_id)s and provider = 'email'
)
update auth.users set last_sign_in_at = now(), updated_at = now()
where id = %(user_id)s
returning *

-- name: set_password
-- Replace a user's password hash.
update auth.users set encrypted_password = %(password_hash)s, updated_at = now()
where id = %(user_id)s

-- name: set_user_metadata
-- Replace what a user says about themselves.
update auth.users set raw_user_meta_data = %(user_metadata)s, updated_at = now()
where id = %(user_id)s

-- name: insert_session
-- A session of a user who has just given the right password.
insert into auth.sessions (user_id, amr, user_agent, ip)
values (
  %(user_id)s,
  jsonb_build_array(jsonb_build_object(
    'method', 'password', 'timestamp', extract(epoch from now())::bigint
  )),
  left(%(user_agent)s, 300),
  %(ip)s
)
returning *

-- name: find_session
-- A session that has not ended, of a given user.
select * from auth.sessions
where id = %(session_id)s and user_id = %(user_id)s and (not_after is null or not_after > now())

-- name: session_is_live
-- Whether a session goes on and its user may use it.
select exists (
  select from auth.sessions s
  join auth.users u on u.id = s.user_id
  where s.id = %(session_id)s
    and (s.not_after is null or s.not_after > now())
    and u.deleted_at is null
    and (u.banned_until is null or u.banned_until <= now())
) as is_live

-- name: insert_refresh_token
-- A refresh token, by its hash only.
insert into auth.refresh_tokens (token_hash, session_id, parent_id)
values (%(token_hash)s, %(session_id)s, %(parent_id)s)

-- name: find_refresh_token
-- The session a refresh token belongs to, locked so that its tokens are swapped one at a time.
select s.id, s.user_id
from auth.sessions s
where s.id = (select session_id from auth.refresh_tokens where token_hash = %(token_hash)s)
for update

-- name: read_refresh_token
-- A refresh token, and whether what followed it is the session's token now.
select
  t.id, t.session_id, t.revoked_at, t.successor_seed,
  t.revoked_at > now() - make_interval(secs => %(grace_seconds)s)
    and exists (
      select from auth.refresh_tokens child
      where child.parent_id = t.id and child.revoked_at is null
    ) as may_be_repeated
from auth.refresh_tokens t
where t.token_hash = %(token_hash)s

-- name: retire_refresh_token
-- End a token whose successor has been made.
update auth.refresh_tokens set revoked_at = now(), successor_seed = %(successor_seed)s
where id = %(id)s

-- name: mark_refreshed
-- Remember when a session was last refreshed.
update auth.sessions set refreshed_at = now(), updated_at = now()
where id = %(session_id)s
returning *

-- name: revoke_family
-- End a session and every token of it: one of them was used twice.
with ended as (
  update auth.sessions set not_after = now(), updated_at = now() where id = %(session_id)s
)
update auth.refresh_tokens set revoked_at = now()
where session_id = %(session_id)s and revoked_at is null

-- name: end_sessions
-- End a user's sessions: all of them, only this one, or all others.
delete from auth.sessions
where user_id = %(user_id)s
  and case %(scope)s
    when 'local' then id = %(session_id)s
    when 'others' then id <> %(session_id)s
    else true
  end
