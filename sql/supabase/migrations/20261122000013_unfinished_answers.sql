-- 20261122000013_unfinished_answers.sql
-- Answers that are being written are found without looking at the others.
-- Needs: 20261122000005_messages.sql

create index messages_unfinished_idx on public.messages (id)
  where role = 'assistant' and metadata ->> 'status' = 'streaming';
