-- name: get_sealed_key
-- The sealed key of a caller's own config; no client role may read this column.
select api_key_encrypted from public.model_configs
where id = %(config_id)s and user_id = %(user_id)s

-- name: set_sealed_key
-- Replace the sealed key of a caller's own config; null removes it.
update public.model_configs
set api_key_encrypted = %(api_key_encrypted)s, key_last4 = %(key_last4)s
where id = %(config_id)s and user_id = %(user_id)s

-- name: get_config
-- One config as clients see it: never the key, sealed or not.
select
  id, name, provider, base_url, model, system_prompt, temperature, max_tokens, top_p,
  frequency_penalty, presence_penalty, is_default, has_key, key_last4, created_at, updated_at
from public.model_configs
where id = %(config_id)s and user_id = %(user_id)s

-- name: find_keyed_config
-- The caller's own key of a provider, if they have one; the oldest counts.
select id as config_id, provider, base_url, model from public.model_configs
where provider = %(provider)s and user_id = (select auth.uid()) and has_key
order by created_at
limit 1

-- name: find_own_config
-- What a config of the caller names.
select id as config_id, provider, base_url, model from public.model_configs
where id = %(config_id)s and user_id = (select auth.uid())

-- name: find_secret
-- A secret of the project's Vault by its name; null where there is none, or no Vault.
select private.vault_secret(%(name)s) as secret
