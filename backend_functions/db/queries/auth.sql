-- name: insert_user
-- A new user; the id and the times are the database's unless they are given.
insert into auth.users (
  id, email, encrypted_password, email_confirmed_at, invited_at, banned_until,
  raw_app_meta_data, raw_user_meta_data
)
values (
  coalesce(%(user_id)s::uuid, gen_random_uuid()),
  %(email)s,
  %(password_hash)s,
  case when %(is_confirmed)s then now() end,
  case when %(is_invited)s then now() end,
  now() + make_interval(secs => %(ban_seconds)s),
  %(app_metadata)s,
  %(user_metadata)s
)
returning *

-- name: insert_identity
-- The identity of a user who signs in with an address.
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at)
values (
  %(user_id)s::text,
  %(user_id)s,
  jsonb_build_object(
    'sub', %(user_id)s::text, 'email', %(email)s::text,
    'email_verified', %(is_confirmed)s::boolean, 'phone_verified', false
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
-- Replace a user's password hash; nothing that was mailed before opens the account any more.
with sent as (
  delete from auth.one_time_tokens where user_id = %(user_id)s
)
update auth.users set encrypted_password = %(password_hash)s, updated_at = now()
where id = %(user_id)s

-- name: set_user_metadata
-- Replace what a user says about themselves.
update auth.users set raw_user_meta_data = %(user_metadata)s, updated_at = now()
where id = %(user_id)s

-- name: insert_session
-- A session of a user who has just shown who they are, in the way that `method` names.
insert into auth.sessions (user_id, amr, user_agent, ip)
values (
  %(user_id)s,
  jsonb_build_array(jsonb_build_object(
    'method', %(method)s::text, 'timestamp', extract(epoch from now())::bigint
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

-- name: confirm_user
-- Count a user's address as confirmed, from now on or from before.
with identity as (
  update auth.identities
  set identity_data = identity_data || '{"email_verified": true}', updated_at = now()
  where user_id = %(user_id)s and provider = 'email'
)
update auth.users set email_confirmed_at = coalesce(email_confirmed_at, now()), updated_at = now()
where id = %(user_id)s
returning *

-- name: mark_sent
-- Remember when a mail of a kind was last sent to a user.
update auth.users
set
  confirmation_sent_at = case when %(kind)s in ('confirmation', 'invite') then now() else confirmation_sent_at end,
  invited_at = case when %(kind)s = 'invite' then now() else invited_at end,
  recovery_sent_at = case when %(kind)s in ('magic_link', 'recovery') then now() else recovery_sent_at end,
  email_change_sent_at = case when %(kind)s = 'email_change' then now() else email_change_sent_at end,
  reauthentication_sent_at = case when %(kind)s = 'reauthentication' then now() else reauthentication_sent_at end,
  updated_at = now()
where id = %(user_id)s
returning *

-- name: replace_one_time_token
-- What was sent to a user last; an earlier one of the type is good no more.
insert into auth.one_time_tokens (
  user_id, token_type, token_hash, code_hash, relates_to, flow_state_id
)
values (
  %(user_id)s, %(token_type)s, %(token_hash)s, %(code_hash)s, %(relates_to)s, %(flow_state_id)s
)
on conflict (user_id, token_type) do update
set
  id = excluded.id,
  token_hash = excluded.token_hash,
  code_hash = excluded.code_hash,
  relates_to = excluded.relates_to,
  flow_state_id = excluded.flow_state_id,
  created_at = now()

-- name: find_link
-- What a link stands for, if it is of one of the types and not too old; others wait meanwhile.
select * from auth.one_time_tokens
where token_hash = %(token_hash)s
  and token_type = any(%(token_types)s)
  and created_at > now() - make_interval(secs => %(lifetime_seconds)s)
for update

-- name: find_code
-- What a code stands for that was sent to an address, as `find_link`.
select t.* from auth.one_time_tokens t
join auth.users u on u.id = t.user_id
where t.relates_to = %(email)s
  and t.code_hash = %(code_hash)s
  and t.token_type = any(%(token_types)s)
  and t.created_at > now() - make_interval(secs => %(lifetime_seconds)s)
  and u.deleted_at is null
for update of t

-- name: find_nonce
-- The code a signed-in user was sent to show once more that they are who they are.
select * from auth.one_time_tokens
where user_id = %(user_id)s
  and code_hash = %(code_hash)s
  and token_type = 'reauthentication_token'
  and created_at > now() - make_interval(secs => %(lifetime_seconds)s)
for update

-- name: use_up
-- A token is good once.
delete from auth.one_time_tokens where id = %(id)s

-- name: use_up_all
-- Nothing that was sent to a user, of these types, is good any more.
delete from auth.one_time_tokens
where user_id = %(user_id)s and token_type = any(%(token_types)s)

-- name: insert_flow
-- A sign-in that ends with a code and the verifier of this challenge.
insert into auth.flow_state (
  user_id, authentication_method, code_challenge, code_challenge_method
)
values (%(user_id)s, %(method)s, %(challenge)s, %(challenge_method)s)
returning id

-- name: give_code
-- The code with which a sign-in can be finished.
update auth.flow_state set auth_code_hash = %(code_hash)s, auth_code_issued_at = now()
where id = %(id)s
returning id

-- name: take_flow
-- The sign-in that a code finishes. Whatever comes of it, the code is spent.
delete from auth.flow_state
where auth_code_hash = %(code_hash)s
returning *, auth_code_issued_at <= now() - make_interval(secs => %(lifetime_seconds)s) as is_over

-- name: ask_for_email
-- The address a user wants; nothing of it is confirmed yet.
update auth.users
set email_change = %(email)s, email_change_confirm_status = 0, updated_at = now()
where id = %(user_id)s
returning *

-- name: confirm_half_of_email
-- One of the two addresses has agreed.
update auth.users set email_change_confirm_status = 1, updated_at = now() where id = %(user_id)s

-- name: change_email
-- A user's new address, confirmed or not, in the identity too; what went to the old one is void.
with sent as (
  delete from auth.one_time_tokens where user_id = %(user_id)s
), identity as (
  update auth.identities
  set
    identity_data = identity_data
      || jsonb_build_object('email', %(email)s::text, 'email_verified', %(is_confirmed)s::boolean),
    updated_at = now()
  where user_id = %(user_id)s and provider = 'email'
)
update auth.users
set
  email = %(email)s,
  email_change = null,
  email_change_confirm_status = 0,
  email_confirmed_at = case when %(is_confirmed)s then now() else email_confirmed_at end,
  updated_at = now()
where id = %(user_id)s
returning *

-- name: list_users
-- A page of users, newest first, deleted ones too, and how many there are on all pages.
select u.*, count(*) over () as total
from auth.users u
where %(filter)s = '' or strpos(lower(u.email), lower(%(filter)s)) > 0
order by u.created_at desc, u.id
limit %(limit)s offset %(offset)s

-- name: count_users
-- How many users there are, for a page that has none.
select count(*) as total from auth.users u
where %(filter)s = '' or strpos(lower(u.email), lower(%(filter)s)) > 0

-- name: list_identities_of
-- The identities of several users, oldest first.
select * from auth.identities where user_id = any(%(user_ids)s) order by created_at, id

-- name: find_any_user
-- One user, deleted or not, whom nobody else changes until the end of the transaction.
select * from auth.users where id = %(user_id)s for update

-- name: set_app_metadata
-- Replace what the service says about a user.
update auth.users set raw_app_meta_data = %(app_metadata)s, updated_at = now()
where id = %(user_id)s

-- name: set_ban
-- Ban a user for so many seconds from now, or, without a number, not any more.
update auth.users
set banned_until = now() + make_interval(secs => %(ban_seconds)s), updated_at = now()
where id = %(user_id)s

-- name: take_time
-- Lets the next statement take longer than a request's usually may: 100,000 messages go in seconds.
set local statement_timeout = '60s'

-- name: delete_user
-- A user and everything that is theirs.
delete from auth.users where id = %(user_id)s

-- name: bury_user
-- Nothing of a user stays but the row: the address is free again, and nobody can sign in.
with identities as (
  delete from auth.identities where user_id = %(user_id)s
), sessions as (
  delete from auth.sessions where user_id = %(user_id)s
), sent as (
  delete from auth.one_time_tokens where user_id = %(user_id)s
)
update auth.users
set
  email = null, encrypted_password = null, email_change = null, phone = null,
  raw_app_meta_data = '{}', raw_user_meta_data = '{}', deleted_at = now(), updated_at = now()
where id = %(user_id)s

-- name: prune_refresh_tokens
-- Retired tokens so old that one coming back tells nothing; some at a time.
delete from auth.refresh_tokens where id in (
  select id from auth.refresh_tokens where revoked_at < now() - interval '30 days'
  limit 1000 for update skip locked
)

-- name: prune_sessions
-- Sessions that ended long ago, with their tokens; some at a time.
delete from auth.sessions where id in (
  select id from auth.sessions where not_after < now() - interval '30 days'
  limit 1000 for update skip locked
)

-- name: prune_one_time_tokens
-- Codes and links that are too old to be good; some at a time.
delete from auth.one_time_tokens where id in (
  select id from auth.one_time_tokens where created_at < now() - interval '1 day'
  limit 1000 for update skip locked
)

-- name: prune_flows
-- Sign-ins that nobody finished; some at a time.
delete from auth.flow_state where id in (
  select id from auth.flow_state where created_at < now() - interval '1 day'
  limit 1000 for update skip locked
)
