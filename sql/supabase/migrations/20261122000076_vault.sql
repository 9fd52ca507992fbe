-- 20261122000076_vault.sql
-- A project's Vault may hold the server's own keys, such as IMAGEROUTER_API_KEY. Vault is optional:
-- the embedded PostgreSQL has none, and there the environment holds them.
-- Needs: 20261122000001_foundations.sql

create function private.vault_secret(name text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  secret text;
begin
  -- Definer: the view is the owner's to read. Only the service calls this.
  if to_regclass('vault.decrypted_secrets') is not null then
    execute 'select decrypted_secret from vault.decrypted_secrets where name = $1 limit 1'
      into secret using vault_secret.name;
  end if;
  return secret;
end
$$;
comment on function private.vault_secret(text) is 'A secret of the project''s Vault by its name; null where there is none, or no Vault.';
revoke execute on function private.vault_secret(text) from public, anon, authenticated;
grant execute on function private.vault_secret(text) to service_role;
