-- name: count_by_key
-- How many keys of providers each master key has sealed.
select split_part(api_key_encrypted, ':', 2) as key_id, count(*) as rows
from public.model_configs
where api_key_encrypted is not null
group by 1
order by 1

-- name: sealed_otherwise
-- The next configs whose keys are sealed with another master key than this one.
select id, user_id, provider, base_url, api_key_encrypted
from public.model_configs
where api_key_encrypted is not null
  and split_part(api_key_encrypted, ':', 2) <> %(key_id)s
  and (%(after)s::uuid is null or id > %(after)s)
order by id
limit %(size)s

-- name: replace_envelopes
-- Put new envelopes in the place of old ones that are still there. A config that somebody is
-- changing is passed over rather than waited for: so this is never a part of a deadlock.
with resealed as (
  select * from unnest(%(ids)s::uuid[], %(olds)s::text[], %(news)s::text[]) as given (id, old, new)
),
free as (
  select config.id
  from public.model_configs as config
  join resealed on resealed.id = config.id and resealed.old = config.api_key_encrypted
  order by config.id
  for no key update of config skip locked
)
update public.model_configs as config set api_key_encrypted = resealed.new
from resealed
join free on free.id = resealed.id
where config.id = resealed.id and config.api_key_encrypted = resealed.old
returning config.id

-- name: with_key_of
-- One person's configs that have a key.
select id, user_id, name, provider, base_url, api_key_encrypted
from public.model_configs
where user_id = %(user_id)s and api_key_encrypted is not null
order by name

-- name: without_key_of
-- One person's configs that have none.
select id, user_id, name, provider, base_url
from public.model_configs
where user_id = %(user_id)s and api_key_encrypted is null
order by name

-- name: give_key
-- Give a config its key, unless it has got one or was pointed elsewhere meanwhile.
update public.model_configs
set api_key_encrypted = %(api_key_encrypted)s, key_last4 = %(key_last4)s
where id = %(id)s
  and user_id = %(user_id)s
  and api_key_encrypted is null
  and provider = %(provider)s
  and base_url is not distinct from %(base_url)s
returning id
