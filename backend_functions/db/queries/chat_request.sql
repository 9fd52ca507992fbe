-- name: load_question
-- What a question is asked on, in one statement that takes the caller's role itself.
select private.load_question(
  %(claims)s, %(user_id)s, %(chat_id)s, %(named_id)s, %(named_role)s, %(max_messages)s
)::text as question

-- name: begin_answer
-- Save the prompt and the row of its answer before its first word, in one statement that takes the
-- caller's role itself; gives the id of an answer that was begun before.
select private.begin_answer(
  %(claims)s, %(user_id)s, %(chat_id)s, %(prompt_id)s, %(prompt)s, %(prompt_metadata)s,
  %(prompt_parent_id)s, %(answer_id)s, %(answer_parent_id)s, %(metadata)s, %(replica_id)s, %(max_running)s
) as earlier

-- name: finish_answer
-- The whole answer and what is known about it; a finished answer is not written again. One
-- statement that takes the caller's role itself.
select private.finish_answer(
  %(claims)s, %(user_id)s, %(answer_id)s, %(content)s, %(metadata)s
)::text as message

-- name: get_answer
-- One answer as clients see it, its moment spelt as `finish_answer` does, and the message it answers.
select id, chat_id, role, content, metadata, to_json(created_at) #>> '{}' as created_at, parent_id
from public.messages
where id = %(id)s and role = 'assistant' and user_id = %(user_id)s

-- name: save_texts
-- The text so far of all answers this server is writing; as the service, for answers it began.
update public.messages set content = written.content
from json_to_recordset(%(written)s::json) as written (id uuid, content text)
where messages.id = written.id and messages.metadata ->> 'status' = 'streaming'

-- name: save_reasoning
-- What models thought so far, of the answers this server is writing; as the service.
update public.messages set metadata = metadata || jsonb_build_object('reasoning', written.content)
from json_to_recordset(%(written)s::json) as written (id uuid, content text)
where messages.id = written.id and messages.metadata ->> 'status' = 'streaming'

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

-- name: find_summaries
-- The caller's latest analysis of each of these files.
select distinct on (output_data ->> 'path') output_data from public.jobs
where user_id = %(user_id)s and job_type = 'file_analysis' and status = 'completed'
  and output_data ->> 'path' = any(%(paths)s)
order by output_data ->> 'path', created_at desc
