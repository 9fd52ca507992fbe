-- 20261122000050_answers_by_statement.sql
-- The three steps of an answer that touch its rows, each one call: what a question costs the server
-- is mostly the number of statements it sends.
-- Needs: 20261122000015_running_answers.sql, 20261122000019_titles.sql

-- The functions' login calls these before it has a role. Each takes the caller's first, local to
-- the transaction that the one statement is, so that row level security decides as ever.
grant usage on schema private to authenticator;

create function private.act_as_user(claims text, user_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  perform
    set_config('request.jwt.claims', claims, true),
    set_config('request.jwt.claim.sub', user_id::text, true),
    set_config('request.jwt.claim.role', 'authenticated', true),
    set_config('role', 'authenticated', true);
end
$$;
comment on function private.act_as_user(text, uuid) is 'Takes a signed-in user''s role and claims until the transaction ends.';

-- No sequential scans: as in the triggers, a plan is kept that may have been made for few rows.
create function private.load_question(
  claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer
) returns json
language plpgsql set search_path = '' set enable_seqscan = off as $$
#variable_conflict use_column
declare
  chat record;
  named record;
  branch json;
  sealed_key text;
begin
  perform private.act_as_user(load_question.claims, load_question.user_id);

  select
    c.current_message_id, c.title_by, config.id as config_id, config.provider, config.base_url,
    config.model, config.system_prompt, config.temperature, config.max_tokens, config.top_p,
    config.frequency_penalty, config.presence_penalty
  into chat
  from public.chats as c
  left join public.model_configs as config
    on config.id = c.model_config_id or (config.is_default and config.user_id = c.user_id)
  where c.id = load_question.chat_id and c.user_id = load_question.user_id
  order by (config.id = c.model_config_id) desc nulls last
  limit 1;
  if not found then
    return null;
  end if;
  select id, parent_id into named from public.messages
  where id = load_question.named_id
    and chat_id = load_question.chat_id and role = load_question.named_role;

  -- Walks parents, so other versions of a turn are not among them.
  with recursive path as (
    select id, parent_id, role, content, metadata, seq, 1 as depth
    from public.messages
    where chat_id = load_question.chat_id and id = case
      when load_question.named_id is null then chat.current_message_id else named.parent_id
    end
    union all
    select above.id, above.parent_id, above.role, above.content, above.metadata, above.seq, depth + 1
    from path
    join public.messages as above
      on above.chat_id = load_question.chat_id and above.id = path.parent_id
    where depth < load_question.max_messages
  ),
  told as (
    select id, role, content, metadata, seq from path
    union
    select id, role, content, metadata, seq from public.messages
    where chat_id = load_question.chat_id and role = 'system'
  )
  select json_agg(
    json_build_object(
      'id', id, 'role', role, 'content', content,
      -- What its length was measured by, and its files; what a model thought is told to nobody.
      'metadata', json_build_object(
        'input_tokens', metadata -> 'input_tokens', 'input_bytes', metadata -> 'input_bytes',
        'attachments', case role when 'user' then metadata -> 'attachments' end
      )
    ) order by seq
  ) into branch from told;

  -- As the service: no client's role may read this column.
  perform set_config('role', 'service_role', true);
  select api_key_encrypted into sealed_key from public.model_configs
  where id = chat.config_id and user_id = load_question.user_id;

  return json_build_object(
    'config', row_to_json(chat), 'named_id', named.id, 'named_parent_id', named.parent_id,
    'messages', branch, 'sealed_key', sealed_key
  );
end
$$;
comment on function private.load_question(text, uuid, uuid, uuid, text, integer) is 'A caller''s chat with its model config (else the default one) and that one''s sealed key, the message that a question names, and the branch it is asked on, oldest first, with the chat''s system prompts. Null when there is no such chat.';
grant execute on function private.load_question(text, uuid, uuid, uuid, text, integer) to authenticator;
grant execute on function private.act_as_user(text, uuid) to authenticator;

create function private.begin_answer(
  claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text,
  prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid,
  max_running integer
) returns uuid
language plpgsql set search_path = '' set enable_seqscan = off as $$
#variable_conflict use_column
declare
  earlier uuid;
begin
  perform private.act_as_user(begin_answer.claims, begin_answer.user_id);
  if prompt is not null then
    insert into public.messages (id, chat_id, role, content, metadata, parent_id)
    values (
      prompt_id, begin_answer.chat_id, 'user', prompt, prompt_metadata, prompt_parent_id
    )
    on conflict (id) do nothing;
    if not found then
      select answer.id into earlier
      from public.messages as asked
      join public.messages as answer
        on answer.chat_id = asked.chat_id and answer.parent_id = asked.id and answer.role = 'assistant'
      where asked.id = prompt_id and asked.chat_id = begin_answer.chat_id
        and asked.role = 'user' and asked.content = prompt
      order by answer.seq
      limit 1;
      if not found then
        raise exception 'the id is that of another message' using errcode = 'unique_violation';
      end if;
      return earlier;
    end if;
  end if;

  insert into public.messages (id, chat_id, role, content, metadata, parent_id)
  values (
    begin_answer.answer_id, begin_answer.chat_id, 'assistant', '', begin_answer.metadata,
    answer_parent_id
  )
  on conflict (id) do nothing;
  if not found then
    perform from public.messages
    where id = begin_answer.answer_id and chat_id = begin_answer.chat_id
      and role = 'assistant' and parent_id = answer_parent_id;
    if not found then
      raise exception 'the id is that of another message' using errcode = 'unique_violation';
    end if;
    return begin_answer.answer_id;
  end if;

  -- As the service: who writes what is nobody else's to see.
  perform set_config('role', 'service_role', true);
  if (
    select count(*) from private.running_answers where user_id = begin_answer.user_id
  ) >= max_running then
    raise exception 'too many answers at once' using errcode = 'configuration_limit_exceeded';
  end if;
  insert into private.running_answers (answer_id, user_id, replica_id)
  values (begin_answer.answer_id, begin_answer.user_id, begin_answer.replica_id);
  return null;
end
$$;
comment on function private.begin_answer(text, uuid, uuid, uuid, text, jsonb, uuid, uuid, uuid, jsonb, uuid, integer) is 'Saves a prompt (none when it is null) and the empty answer under it, and notes who writes it. Returns null, or the answer that an earlier call with the same ids has begun.';
grant execute on function private.begin_answer(text, uuid, uuid, uuid, text, jsonb, uuid, uuid, uuid, jsonb, uuid, integer) to authenticator;

create function private.finish_answer(
  claims text, user_id uuid, answer_id uuid, content text, metadata jsonb
) returns json
language plpgsql set search_path = '' set enable_seqscan = off as $$
#variable_conflict use_column
declare
  stored json;
begin
  perform private.act_as_user(finish_answer.claims, finish_answer.user_id);
  update public.messages set content = finish_answer.content, metadata = finish_answer.metadata
  where id = finish_answer.answer_id and role = 'assistant' and metadata ->> 'status' = 'streaming'
  returning json_build_object(
    'id', id, 'chat_id', chat_id, 'role', role, 'content', content, 'metadata', metadata,
    'created_at', created_at
  ) into stored;
  -- As the service, and whatever was found: the answer has no writer any more.
  perform set_config('role', 'service_role', true);
  delete from private.running_answers where answer_id = finish_answer.answer_id;
  return stored;
end
$$;
comment on function private.finish_answer(text, uuid, uuid, text, jsonb) is 'Stores the whole answer and what is known about it, once; returns the message, or null when it is not being written.';
grant execute on function private.finish_answer(text, uuid, uuid, text, jsonb) to authenticator;
