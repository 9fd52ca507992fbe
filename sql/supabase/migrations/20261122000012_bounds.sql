-- 20261122000012_bounds.sql
-- Values that no provider or screen could use are refused before they are stored.
-- Needs: the tables.

alter table public.profiles
  add constraint profiles_names_have_a_length check (
    char_length(full_name) <= 200 and char_length(profession) <= 200
    and char_length(username) between 1 and 60
  ),
  add constraint profiles_date_of_birth_in_range
    check (date_of_birth between '1800-01-01' and '9999-12-31'),
  add constraint profiles_bio_has_a_length check (char_length(bio) <= 4000),
  add constraint profiles_avatar_has_a_length check (char_length(avatar_url) <= 2000);

alter table public.model_configs
  add constraint model_configs_name_has_a_length check (char_length(name) between 1 and 100),
  add constraint model_configs_provider_has_a_length check (char_length(provider) between 1 and 60),
  add constraint model_configs_model_has_a_length check (char_length(model) between 1 and 200),
  add constraint model_configs_base_url_has_a_length check (char_length(base_url) <= 2000),
  add constraint model_configs_system_prompt_has_a_length check (char_length(system_prompt) <= 100000),
  add constraint model_configs_temperature_in_range check (temperature between 0 and 2),
  add constraint model_configs_max_tokens_in_range check (max_tokens between 1 and 10000000),
  add constraint model_configs_top_p_in_range check (top_p between 0 and 1),
  add constraint model_configs_frequency_penalty_in_range check (frequency_penalty between -2 and 2),
  add constraint model_configs_presence_penalty_in_range check (presence_penalty between -2 and 2);

alter table public.chats
  add constraint chats_title_has_a_length check (char_length(title) between 1 and 500);

alter table public.messages
  add constraint messages_content_has_a_length check (octet_length(content) <= 16777216),
  add constraint messages_metadata_has_a_size check (pg_column_size(metadata) <= 1048576);

alter table public.jobs
  add constraint jobs_type_has_a_length check (char_length(job_type) between 1 and 60),
  add constraint jobs_input_has_a_size check (pg_column_size(input_data) <= 1048576);
