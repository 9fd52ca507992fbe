-- name: load_chat
-- The caller's chat and the model config it is answered with: its own, else the default one.
select
  chat.id as chat_id,
  chat.current_message_id,
  config.id as config_id,
  config.provider,
  config.base_url,
  config.has_key,
  config.model,
  config.system_prompt,
  config.temperature,
  config.max_tokens,
  config.top_p,
  config.frequency_penalty,
  config.presence_penalty
from public.chats as chat
left join lateral (
  select * from (
    select
      id, provider, base_url, has_key, model, system_prompt, temperature, max_tokens, top_p,
      frequency_penalty, presence_penalty, is_default
    from public.model_configs
    where id = chat.model_config_id or (is_default and user_id = chat.user_id)
  ) as candidate
  order by (candidate.id = chat.model_config_id) desc nulls last
  limit 1
) as config on true
where chat.id = %(chat_id)s and chat.user_id = %(user_id)s

-- name: load_history
-- The newest messages of the branch that ends at a message, and the chat's system prompts, oldest
-- first. Walks parents, so other versions of a turn are not among them.
with recursive branch as (
  select id, parent_id, role, content, seq, 1 as depth
  from public.messages
  where chat_id = %(chat_id)s and id = %(tip)s
  union all
  select parent.id, parent.parent_id, parent.role, parent.content, parent.seq, branch.depth + 1
  from branch
  join public.messages as parent
    on parent.chat_id = %(chat_id)s and parent.id = branch.parent_id
  where branch.depth < %(max_messages)s
)
select role, content, seq from branch
union
select role, content, seq from public.messages
where chat_id = %(chat_id)s and role = 'system'
order by seq

-- name: insert_prompt
-- The caller's message; nothing comes back when one with this id is there already.
insert into public.messages (id, chat_id, role, content)
values (%(id)s, %(chat_id)s, 'user', %(content)s)
on conflict (id) do nothing
returning id

-- name: insert_answer
-- The answer's row, before its first word: whoever looks sees that it is being written.
insert into public.messages (id, chat_id, role, content, metadata, parent_id)
values (%(id)s, %(chat_id)s, 'assistant', '', %(metadata)s, %(parent_id)s)

-- name: find_prompt
-- A message that an earlier request with the same id has written, and the answer under it.
select prompt.content, answer.id as answer_id
from public.messages as prompt
left join public.messages as answer
  on answer.chat_id = prompt.chat_id and answer.parent_id = prompt.id and answer.role = 'assistant'
where prompt.id = %(id)s and prompt.chat_id = %(chat_id)s and prompt.role = 'user'
order by answer.seq
limit 1

-- name: get_answer
-- One answer as clients see it.
select id, chat_id, role, content, metadata, created_at
from public.messages
where id = %(id)s and role = 'assistant' and user_id = %(user_id)s

-- name: save_text
-- The text so far of an answer that is still being written.
update public.messages set content = %(content)s
where id = %(id)s and metadata ->> 'status' = 'streaming'
returning id

-- name: finish_answer
-- The whole answer and what is known about it; a finished answer is not written again.
update public.messages set content = %(content)s, metadata = %(metadata)s
where id = %(id)s and metadata ->> 'status' = 'streaming'
returning id, chat_id, role, content, metadata, created_at

-- name: touch_chat
-- The chat was used just now; the trigger sets the time.
update public.chats set title = title where id = %(chat_id)s

-- name: mark_interrupted
-- Answers that a server left unfinished when it died; run before this server takes requests.
update public.messages set metadata = metadata || '{"status": "interrupted"}'
where role = 'assistant' and metadata ->> 'status' = 'streaming'
