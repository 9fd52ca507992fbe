-- name: load_chat
-- The caller's chat and the model config it is answered with: its own, else the default one.
select
  chat.id as chat_id,
  chat.current_message_id,
  chat.title_by,
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
-- first. Walks parents, so other versions of a turn are not among them. Reasoning is told to nobody.
with recursive branch as (
  select id, parent_id, role, content, metadata - 'reasoning' as metadata, seq, 1 as depth
  from public.messages
  where chat_id = %(chat_id)s and id = %(tip)s
  union all
  select
    parent.id, parent.parent_id, parent.role, parent.content, parent.metadata - 'reasoning',
    parent.seq,
    branch.depth + 1
  from branch
  join public.messages as parent
    on parent.chat_id = %(chat_id)s and parent.id = branch.parent_id
  where branch.depth < %(max_messages)s
)
select id, role, content, metadata, seq from branch
union
select id, role, content, metadata - 'reasoning', seq from public.messages
where chat_id = %(chat_id)s and role = 'system'
order by seq

-- name: find_message
-- A message of a chat, by its id and role.
select id, parent_id from public.messages
where id = %(id)s and chat_id = %(chat_id)s and role = %(role)s

-- name: insert_prompt
-- The caller's message; nothing comes back when one with this id is there already.
insert into public.messages (id, chat_id, role, content, parent_id)
values (%(id)s, %(chat_id)s, 'user', %(content)s, %(parent_id)s)
on conflict (id) do nothing
returning id

-- name: insert_answer
-- The answer's row, before its first word: whoever looks sees that it is being written. Nothing
-- comes back when one with this id is there already.
insert into public.messages (id, chat_id, role, content, metadata, parent_id)
values (%(id)s, %(chat_id)s, 'assistant', '', %(metadata)s, %(parent_id)s)
on conflict (id) do nothing
returning id

-- name: find_answer
-- An answer that an earlier request with the same id has begun.
select id from public.messages
where id = %(id)s and chat_id = %(chat_id)s and role = 'assistant' and parent_id = %(parent_id)s

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
-- One answer as clients see it, and the message it answers.
select id, chat_id, role, content, metadata, created_at, parent_id
from public.messages
where id = %(id)s and role = 'assistant' and user_id = %(user_id)s

-- name: save_texts
-- The text so far of all answers this server is writing; as the service, for answers it began.
update public.messages set content = written.content
from unnest(%(ids)s::uuid[], %(texts)s::text[]) as written (id, content)
where messages.id = written.id and messages.metadata ->> 'status' = 'streaming'

-- name: save_reasoning
-- What models thought so far, of the answers this server is writing; as the service.
update public.messages set metadata = metadata || jsonb_build_object('reasoning', written.text)
from unnest(%(ids)s::uuid[], %(texts)s::text[]) as written (id, text)
where messages.id = written.id and messages.metadata ->> 'status' = 'streaming'

-- name: finish_answer
-- The whole answer and what is known about it; a finished answer is not written again.
update public.messages set content = %(content)s, metadata = %(metadata)s
where id = %(id)s and metadata ->> 'status' = 'streaming'
returning id, chat_id, role, content, metadata, created_at

-- name: claim_answer
-- Note that this server writes an answer; as the service, in the transaction that makes its row.
insert into private.running_answers (answer_id, user_id, replica_id)
values (%(answer_id)s, %(user_id)s, %(replica_id)s)

-- name: count_running
-- How many answers a user has in the making, on all servers.
select count(*) as running from private.running_answers where user_id = %(user_id)s

-- name: release_answer
-- The answer is written; as the service.
delete from private.running_answers where answer_id = %(answer_id)s

-- name: request_cancel
-- Ask whichever server writes a user's answer to stop.
update private.running_answers set is_cancel_requested = true
where answer_id = %(answer_id)s and user_id = %(user_id)s

-- name: beat
-- This server lives; tells which of its answers somebody wants stopped.
update private.running_answers set heartbeat_at = now()
where replica_id = %(replica_id)s
returning answer_id, is_cancel_requested

-- name: take_over
-- Answers of servers that have not been heard of: mark them, with the text they have. The
-- database's clock alone decides.
with dead as (
  delete from private.running_answers
  where heartbeat_at < now() - make_interval(secs => %(silence_seconds)s)
  returning answer_id
)
update public.messages set metadata = metadata || %(metadata)s
from dead
where messages.id = dead.answer_id and messages.metadata ->> 'status' = 'streaming'
returning messages.id

-- name: give_title
-- A title of the model's, unless a person has given one meanwhile.
update public.chats set title = %(title)s, title_by = 'model'
where id = %(chat_id)s and title_by = 'prompt'

-- name: mark_interrupted
-- Every answer that is not finished, for the only server there is, before it takes requests.
with dead as (delete from private.running_answers)
update public.messages set metadata = metadata || %(metadata)s
where role = 'assistant' and metadata ->> 'status' = 'streaming'
