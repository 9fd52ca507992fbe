-- name: give_local_model
-- The model config that a new user of the embedded backend starts with.
insert into public.model_configs
  (user_id, name, provider, model, system_prompt, temperature, top_p, max_tokens, is_default)
values
  (%(user_id)s, %(name)s, %(provider)s, %(model)s, %(system_prompt)s, %(temperature)s, %(top_p)s,
   %(max_tokens)s, true)
