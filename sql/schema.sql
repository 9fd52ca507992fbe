-- What the migrations make of our schemas; `make schema` renews it.

-- Name: audit; Type: SCHEMA; Schema: -; Owner: -

CREATE SCHEMA audit;

-- Name: private; Type: SCHEMA; Schema: -; Owner: -

CREATE SCHEMA private;

-- Name: public; Type: SCHEMA; Schema: -; Owner: -

CREATE SCHEMA public;

-- Name: SCHEMA public; Type: COMMENT; Schema: -; Owner: -

COMMENT ON SCHEMA public IS 'standard public schema';

-- Name: search; Type: SCHEMA; Schema: -; Owner: -

CREATE SCHEMA search;

-- Name: job_status; Type: TYPE; Schema: public; Owner: -

CREATE TYPE public.job_status AS ENUM (
    'pending',
    'processing',
    'completed',
    'failed'
);

-- Name: digest(uuid); Type: FUNCTION; Schema: audit; Owner: -

CREATE FUNCTION audit.digest(user_id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN encode(sha256(convert_to((user_id)::text, 'UTF8'::name)), 'hex'::text);

-- Name: FUNCTION digest(user_id uuid); Type: COMMENT; Schema: audit; Owner: -

COMMENT ON FUNCTION audit.digest(user_id uuid) IS 'What stands for a user in the entries.';

-- Name: refuse_change(); Type: FUNCTION; Schema: audit; Owner: -

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  raise exception 'What was noted is not changed.' using errcode = 'insufficient_privilege';
end
$$;

-- Name: FUNCTION refuse_change(); Type: COMMENT; Schema: audit; Owner: -

COMMENT ON FUNCTION audit.refuse_change() IS 'Lets entries only be added.';

-- Name: act_as_user(text, uuid); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.act_as_user(claims text, user_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform
    set_config('request.jwt.claims', claims, true),
    set_config('request.jwt.claim.sub', user_id::text, true),
    set_config('request.jwt.claim.role', 'authenticated', true),
    set_config('role', 'authenticated', true);
end
$$;

-- Name: FUNCTION act_as_user(claims text, user_id uuid); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.act_as_user(claims text, user_id uuid) IS 'Takes a signed-in user''s role and claims until the transaction ends.';

-- Name: applied_migrations(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.applied_migrations() RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: the ledger belongs to whoever applies migrations, and holds their whole text.
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    return query select version from supabase_migrations.schema_migrations;
  end if;
end
$$;

-- Name: FUNCTION applied_migrations(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.applied_migrations() IS 'The versions of the migrations that were applied; none where no ledger is kept.';

-- Name: as_uuid(text); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.as_uuid(text text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN CASE WHEN (text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (text)::uuid ELSE NULL::uuid END;

-- Name: FUNCTION as_uuid(text text); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.as_uuid(text text) IS 'A UUID as paths have it; null for what is none.';

-- Name: asset_kinds(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.asset_kinds() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  with recursive kind (name) as (
    select min(split_part(object.name, '/', 2)) from (
      select name from storage.objects
      where bucket_id = 'user_assets' and name collate "C" >= 'private/' and name collate "C" < 'private0'
      order by name collate "C" limit 1
    ) as object
    union all
    select (
      select split_part(object.name, '/', 2) from storage.objects as object
      where object.bucket_id = 'user_assets'
        and object.name collate "C" >= 'private/' || kind.name || '0'
        and object.name collate "C" < 'private0'
      order by object.name collate "C" limit 1
    )
    from kind where kind.name is not null
  )
  select kind.name from kind where kind.name is not null
$$;

-- Name: FUNCTION asset_kinds(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.asset_kinds() IS 'The folders below private/ in the users'' bucket; one step of an index each.';

-- Name: assets_of(uuid); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.assets_of(user_id uuid) RETURNS TABLE(name text, bytes bigint)
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select object.name, (object.metadata ->> 'size')::bigint
  from (
    select 'private/' || kind || '/' || assets_of.user_id::text || '/' as first,
      'private/' || kind || '/' || assets_of.user_id::text || '0' as past
    from private.asset_kinds() as kind
    union all
    select 'public/avatars/' || assets_of.user_id::text || '.', 'public/avatars/' || assets_of.user_id::text || '/'
  ) as folder
  join storage.objects as object
    on object.bucket_id = 'user_assets'
    and object.name collate "C" >= folder.first and object.name collate "C" < folder.past
$$;

-- Name: FUNCTION assets_of(user_id uuid); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.assets_of(user_id uuid) IS 'The objects of one user in the users'' bucket.';

-- Name: begin_answer(text, uuid, uuid, uuid, text, jsonb, uuid, uuid, uuid, jsonb, uuid, integer); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
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

-- Name: FUNCTION begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer) IS 'Saves a prompt (none when it is null) and the empty answer under it, and notes who writes it. Returns null, or the answer that an earlier call with the same ids has begun.';

-- Name: check_parent(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.check_parent() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
begin
  if (select chat_id from public.messages where id = new.parent_id) is distinct from new.chat_id then
    raise exception 'parent_id is not a message of this chat'
      using errcode = 'foreign_key_violation';
  end if;
  return new;
end
$$;

-- Name: FUNCTION check_parent(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.check_parent() IS 'A message follows one of the same chat.';

-- Name: check_tip(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.check_tip() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if new.current_message_id is not null
    and (select chat_id from public.messages where id = new.current_message_id)
      is distinct from new.id
  then
    raise exception 'current_message_id is not a message of this chat'
      using errcode = 'foreign_key_violation';
  end if;
  return new;
end
$$;

-- Name: FUNCTION check_tip(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.check_tip() IS 'The tip of a chat is one of its messages.';

-- Name: check_username(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.check_username() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: looks at everybody's names, of which callers see their own.
  if char_length(new.username) not between 1 and 60 or exists (
    select from public.profiles as p where p.username = new.username and p.id <> new.id
  ) then
    raise exception 'This username cannot be used.'
      using errcode = 'check_violation', hint = 'Choose another one.';
  end if;
  return new;
end
$$;

-- Name: FUNCTION check_username(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.check_username() IS 'One error for names that are taken and that are not allowed: trying names does not tell who is here.';

-- Name: create_profile(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.create_profile() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: the auth service, which inserts users, may not write to public.
  insert into public.profiles (id, full_name)
  values (
    new.id,
    case jsonb_typeof(new.raw_user_meta_data -> 'full_name')
      when 'string' then left(new.raw_user_meta_data ->> 'full_name', 200)
    end
  );
  return new;
end
$$;

-- Name: FUNCTION create_profile(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.create_profile() IS 'Of what a user claims at sign-up only the name is taken over, cut to length.';

-- Name: defer_task(uuid, uuid, integer, timestamp with time zone); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS bigint
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  -- Tasks of one lock are worked at one by one, so a user has sixteen at work and no more. One that
  -- waits to be tried again has a lock of its own, so that it keeps no other waiting.
  select (procrastinate.procrastinate_defer_jobs_v1(array[row(
    'jobs', 'run_job', -defer_task.turn,
    case
      when defer_task.due_at is null then defer_task.user_id || '/' || defer_task.turn % 16
      else 'again ' || defer_task.job_id
    end,
    null, jsonb_build_object('job_id', defer_task.job_id), defer_task.due_at
  )::procrastinate.procrastinate_job_to_defer_v1]))[1]
$$;

-- Name: FUNCTION defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone) IS 'Queues the task of a job, not to be begun before a moment, and returns its id.';

-- Name: finish_answer(text, uuid, uuid, text, jsonb); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb) RETURNS json
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
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

-- Name: FUNCTION finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb) IS 'Stores the whole answer and what is known about it, once; returns the message, or null when it is not being written.';

-- Name: hang_message(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.hang_message() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
declare
  chat record;
begin
  -- The lock gives two writers of one chat an order. A chat that the caller cannot see is left
  -- to the foreign key, which answers as for one that does not exist.
  select user_id, current_message_id into chat
  from public.chats where id = new.chat_id for update;
  new.user_id = coalesce(chat.user_id, new.user_id);
  if new.parent_id = new.id then -- a new version of the first message follows nothing
    new.parent_id = null;
  elsif new.parent_id is null then
    -- The tip moves when the statement ends; until then its own rows follow one another.
    new.parent_id = coalesce(
      (
        select id from public.messages
        where chat_id = new.chat_id and user_id = new.user_id
          and seq > current_setting('pocketllm.first_seq')::bigint
        order by seq desc limit 1
      ),
      chat.current_message_id
    );
  end if;
  -- Numbered again now that the chat is locked: the default was taken before, perhaps out of turn.
  new.seq = nextval('public.messages_seq_seq');
  if new.created_at = now() then -- the default, which all rows of a transaction would share
    new.created_at = clock_timestamp();
  end if;
  return new;
end
$$;

-- Name: FUNCTION hang_message(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.hang_message() IS 'Hangs a new message under the tip of its chat unless it names its parent; one that names itself is a first one.';

-- Name: is_plain_asset_path(text); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.is_plain_asset_path(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN ((name !~ '(^|/)\.{0,2}(/|$)'::text) AND (name !~ '[\x01-\x1f\x7f\\]'::text));

-- Name: FUNCTION is_plain_asset_path(name text); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.is_plain_asset_path(name text) IS 'No part of the path is empty, . or .., and none holds a control character or a backslash.';

-- Name: is_own_asset(text, uuid); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.is_own_asset(name text, user_id uuid) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN (private.is_plain_asset_path(name) AND (name ~ '^private/[^/]+/[^/]+/[^/]'::text) AND (split_part(name, '/'::text, 3) = (user_id)::text));

-- Name: FUNCTION is_own_asset(name text, user_id uuid); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.is_own_asset(name text, user_id uuid) IS 'The path is private/{kind}/{user_id}/….';

-- Name: is_writable_asset(text, uuid); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.is_writable_asset(name text, user_id uuid) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN (private.is_own_asset(name, user_id) AND (split_part(name, '/'::text, 2) <> 'generated_images'::text));

-- Name: FUNCTION is_writable_asset(name text, user_id uuid); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.is_writable_asset(name text, user_id uuid) IS 'The path is a private one that users write themselves.';

-- Name: keep_ended_job(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.keep_ended_job() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  raise exception 'A job that is over does not change.' using errcode = 'PT409';
end
$$;

-- Name: FUNCTION keep_ended_job(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.keep_ended_job() IS 'Refuses every change of a job that is over.';

-- Name: keep_one_default(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.keep_one_default() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- Once more for writers that are not the user; free for those who hold it.
  perform pg_advisory_xact_lock(hashtextextended('default:' || new.user_id, 0));
  if new.is_default then
    -- A row of the same name is left alone: it is what an upsert by name is about to change.
    update public.model_configs set is_default = false
    where user_id = new.user_id and id <> new.id and name <> new.name and is_default;
  elsif tg_op = 'INSERT' and new.provider not in ('imagerouter', 'tavily') then
    -- somebody's first config that answers is their default
    new.is_default = not exists (
      select from public.model_configs where user_id = new.user_id and is_default
    );
  end if;
  return new;
end
$$;

-- Name: FUNCTION keep_one_default(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.keep_one_default() IS 'A new default takes the place of the old one.';

-- Name: load_question(text, uuid, uuid, uuid, text, integer); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer) RETURNS json
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
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

-- Name: FUNCTION load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer) IS 'A caller''s chat with its model config (else the default one) and that one''s sealed key, the message that a question names, and the branch it is asked on, oldest first, with the chat''s system prompts. Null when there is no such chat.';

-- Name: mend_branches(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.mend_branches() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET enable_nestloop TO 'off'
    AS $$
declare
  removed record;
  ancestors uuid[];
  ancestor uuid;
begin
  -- Definer: a parent is nobody's to change. Only rows that the caller has just deleted count.
  perform from public.chats
  where id = any (array(select distinct chat_id from gone)) order by id for update;
  if not found then -- whole chats are being deleted, and nothing needs mending
    return null;
  end if;
  -- Parents come before what follows them, so each ancestor that remains is found in one step.
  for removed in
    with numbered as (select *, row_number() over (order by seq) as place from gone)
    select message.*, parent.place as parent_place
    from numbered as message left join numbered as parent on parent.id = message.parent_id
    order by message.place
  loop
    ancestor = removed.parent_id;
    if removed.parent_place is not null then
      ancestor = ancestors[removed.parent_place];
    end if;
    ancestors[removed.place] = ancestor;
    -- Not by the chat as well: a plan made for an empty table might go through the whole chat.
    update public.messages set parent_id = ancestor where parent_id = removed.id;
    update public.chats set current_message_id = ancestor
    where id = removed.chat_id and current_message_id = removed.id;
  end loop;
  return null;
end
$$;

-- Name: FUNCTION mend_branches(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.mend_branches() IS 'What followed deleted messages follows the nearest one that is left before them.';

-- Name: move_tips(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.move_tips() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update public.chats as chat set
    current_message_id = newest.id,
    -- Messages of a chat that is brought in whole are not new.
    archived_at = case current_setting('pocketllm.keeps_times', true)
      when 'yes' then chat.archived_at end
  from (select distinct on (chat_id) chat_id, id from fresh order by chat_id, seq desc) as newest
  where chat.id = newest.chat_id;
  return null;
end
$$;

-- Name: FUNCTION move_tips(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.move_tips() IS 'The newest message is the tip of its chat, which is put away no longer.';

-- Name: note_first_seq(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.note_first_seq() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform set_config('pocketllm.first_seq', nextval('public.messages_seq_seq')::text, true);
  return null;
end
$$;

-- Name: FUNCTION note_first_seq(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.note_first_seq() IS 'Tells hang_message where the numbers of this statement begin.';

-- Name: note_outcome(text, text, timestamp with time zone); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.note_outcome(job_type text, outcome text, asked_at timestamp with time zone) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into private.job_outcomes as noted (job_type, outcome, jobs, total_seconds)
  select
    case when exists (
      select from private.job_outcomes as known where known.job_type = note_outcome.job_type
    ) then note_outcome.job_type else 'other' end,
    note_outcome.outcome, 1, extract(epoch from clock_timestamp() - note_outcome.asked_at)
  on conflict (job_type, outcome) do update
  set jobs = noted.jobs + 1, total_seconds = noted.total_seconds + excluded.total_seconds
$$;

-- Name: FUNCTION note_outcome(job_type text, outcome text, asked_at timestamp with time zone); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.note_outcome(job_type text, outcome text, asked_at timestamp with time zone) IS 'Counts a job that ended.';

-- Name: note_who_titled(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.note_who_titled() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if new.title_by = old.title_by then
    new.title_by = 'person';
  end if;
  return new;
end
$$;

-- Name: FUNCTION note_who_titled(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.note_who_titled() IS 'Who changes a title and does not say otherwise is a person.';

-- Name: purge_jobs(timestamp with time zone, integer); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.purge_jobs(before timestamp with time zone, max_jobs integer) RETURNS TABLE(id uuid, user_id uuid, picture text)
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from public.jobs as job
  where job.id in (
    select old.id from public.jobs as old
    where old.status in ('completed', 'failed') and old.updated_at < purge_jobs.before
    order by old.updated_at limit purge_jobs.max_jobs
    for update skip locked
  )
  -- Not what the row says: jobs can be brought in with any path, and the one that analysed a
  -- document names that document.
  returning job.id, job.user_id, case when job.output_data ? 'path'
    then 'private/generated_images/' || job.user_id::text || '/' || job.id::text || '.png' end
$$;

-- Name: FUNCTION purge_jobs(before timestamp with time zone, max_jobs integer); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.purge_jobs(before timestamp with time zone, max_jobs integer) IS 'Deletes jobs that were over before a time, the oldest first, and returns them with where the pictures they made would lie, which the caller removes.';

-- Name: put_chat(jsonb); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.put_chat(chat jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
-- Definer: times, which no client may write, come with the chat. The owner is always the caller.
declare
  put public.chats = jsonb_populate_record(null::public.chats, put_chat.chat);
begin
  insert into public.chats (
    id, user_id, model_config_id, title, title_by, created_at, updated_at, archived_at
  )
  values (
    coalesce(put.id, gen_random_uuid()),
    auth.uid(),
    (
      select config.id from public.model_configs as config
      where config.id = put.model_config_id and config.user_id = auth.uid()
    ),
    put.title,
    coalesce(put.title_by, 'person'),
    coalesce(put.created_at, now()),
    coalesce(put.updated_at, put.created_at, now()),
    put.archived_at
  )
  returning id into put.id;
  return put.id;
end
$$;

-- Name: FUNCTION put_chat(chat jsonb); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.put_chat(chat jsonb) IS 'Adds a chat of the caller under its own id and times.';

-- Name: put_messages(uuid, jsonb, uuid); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.put_messages(chat_id uuid, messages jsonb, tip uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
-- Definer: times, which no client may write, come with the messages. The owner is the caller.
declare
  used_at timestamptz;
begin
  select updated_at into used_at from public.chats
  where id = put_messages.chat_id and user_id = auth.uid() for update;
  if not found then
    raise exception 'There is no such chat.' using errcode = 'P0002';
  end if;
  perform set_config('pocketllm.keeps_times', 'yes', true);
  insert into public.messages (id, chat_id, user_id, parent_id, role, content, metadata, created_at)
  select
    message.id,
    put_messages.chat_id,
    auth.uid(),
    -- One that names itself follows nothing; one that names nothing follows the one before it.
    case when listed.item ? 'parent_id' then coalesce(message.parent_id, message.id) end,
    message.role,
    message.content,
    -- Nobody goes on writing an answer that was in the making.
    case message.metadata ->> 'status' when 'streaming'
      then message.metadata || '{"status": "interrupted"}' else message.metadata end,
    coalesce(message.created_at, used_at)
  from jsonb_array_elements(put_messages.messages) with ordinality as listed (item, place)
  cross join lateral jsonb_populate_record(
    null::public.messages, jsonb_build_object('id', gen_random_uuid()) || listed.item
  ) as message
  order by listed.place;

  update public.chats set current_message_id = put_messages.tip
  where id = put_messages.chat_id and put_messages.tip is not null;
  perform set_config('pocketllm.keeps_times', 'no', true);
end
$$;

-- Name: FUNCTION put_messages(chat_id uuid, messages jsonb, tip uuid); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.put_messages(chat_id uuid, messages jsonb, tip uuid) IS 'Adds messages to a chat of the caller, a parent before what follows it, under their own ids and times.';

-- Name: queue_for_default(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.queue_for_default() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- Before any row is locked: who waits here holds nothing that the one before needs.
  perform pg_advisory_xact_lock(hashtextextended('default:' || (select auth.uid()), 0));
  return null;
end
$$;

-- Name: FUNCTION queue_for_default(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.queue_for_default() IS 'Lets a user''s changes of the default come one after the other.';

-- Name: queue_job(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.queue_job() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  unfinished bigint;
  last_turn integer;
  present_turn integer;
begin
  -- Definer: the queue is nobody's to write but by a job of one's own. One of a user's jobs after
  -- the other, so that their turns rise as they come.
  perform pg_advisory_xact_lock(hashtextextended('jobs of ' || new.user_id::text, 0));
  select count(*), max(run.turn) into unfinished, last_turn
  from private.job_runs as run where run.user_id = new.user_id;
  if unfinished >= 1000 then
    raise exception 'You have too many jobs that are not over. Wait for some to end.'
      using errcode = 'PT429';
  end if;
  -- Fair queueing: who comes new is served with those whose turn it is, not after all they asked for.
  select -task.priority into present_turn
  from procrastinate.procrastinate_jobs as task
  where task.status = 'todo' and (task.scheduled_at is null or task.scheduled_at <= now())
  order by task.priority desc, task.id limit 1;
  last_turn = greatest(present_turn, last_turn + 1, 0);
  insert into private.job_runs (job_id, user_id, turn, task_id)
  values (new.id, new.user_id, last_turn, private.defer_task(new.id, new.user_id, last_turn));
  return null;
end
$$;

-- Name: FUNCTION queue_job(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.queue_job() IS 'Gives a new job its run and its task, in the transaction that makes it.';

-- Name: set_updated_at(); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  new.updated_at = now();
  return new;
end
$$;

-- Name: FUNCTION set_updated_at(); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.set_updated_at() IS 'Keeps updated_at at the time of the last change.';

-- Name: tend_jobs(double precision); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.tend_jobs(silence_seconds double precision) RETURNS TABLE(taken_over bigint, mended bigint, expired bigint)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  silent_since timestamptz = now() - make_interval(secs => silence_seconds);
begin
  if not pg_try_advisory_xact_lock(hashtextextended('tend jobs', 0)) then
    return;
  end if;
  -- First of all: whoever cancels a job also counts it before its task is touched.
  with late as (
    delete from private.job_runs where expires_at <= now() returning job_id, task_id
  ),
  ended as (
    update public.jobs as job
    set status = 'failed', error_log = 'It was not done in time.', next_attempt_at = null
    from late
    where job.id = late.job_id and job.status in ('pending', 'processing')
    returning job.job_type, job.created_at, late.task_id
  ),
  counted as materialized (
    select ended.task_id, private.note_outcome(ended.job_type, 'failed', ended.created_at) from ended
  )
  select count(*) filter (
    where procrastinate.procrastinate_cancel_job_v1(counted.task_id, true, true) is distinct from -1
  ) into expired
  from counted;

  -- Tasks of workers that were not heard of, but for those whose attempt was: a worker that lost the
  -- database for a while is another one to the queue, and works on.
  select count(procrastinate.procrastinate_retry_job_v2(
    stalled.id, stalled.next_attempt_at, null, null,
    case when stalled.next_attempt_at is not null then 'again ' || stalled.job_id end
  ))
  into taken_over
  from (
    -- Not joined, lest all jobs that are over are read for the few there are of these.
    select task.id, run.job_id,
      (select job.next_attempt_at from public.jobs as job where job.id = run.job_id) as next_attempt_at
    from procrastinate.procrastinate_jobs as task
    left join procrastinate.procrastinate_workers as worker on worker.id = task.worker_id
    left join private.job_runs as run on run.task_id = task.id
    where task.status = 'doing'
      and (worker.id is null or worker.last_heartbeat <= silent_since)
      and (run.beat_at is null or run.beat_at <= silent_since)
    for update of task skip locked
  ) as stalled;
  -- And tasks of jobs that were deleted.
  delete from procrastinate.procrastinate_jobs as task
  where task.status <> 'doing'
    and not exists (select from private.job_runs as run where run.task_id = task.id);

  -- Jobs whose task is nowhere, as after the queue alone was lost.
  update private.job_runs as run
  set task_id = private.defer_task(
    run.job_id, run.user_id, run.turn,
    (select job.next_attempt_at from public.jobs as job where job.id = run.job_id)
  )
  where (run.beat_at is null or run.beat_at <= silent_since)
    and not exists (
      select from procrastinate.procrastinate_jobs as task where task.id = run.task_id
    );
  get diagnostics mended = row_count;

  perform procrastinate.procrastinate_prune_stalled_workers_v1(2 * silence_seconds)
  where silence_seconds > 0;
  return next;
end
$$;

-- Name: FUNCTION tend_jobs(silence_seconds double precision); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.tend_jobs(silence_seconds double precision) IS 'Queues anew what workers left that were not heard of for so long, gives jobs without a task one, ends jobs that are too late. Returns how many of each; no row when another worker is at it.';

-- Name: vault_secret(text); Type: FUNCTION; Schema: private; Owner: -

CREATE FUNCTION private.vault_secret(name text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
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
$_$;

-- Name: FUNCTION vault_secret(name text); Type: COMMENT; Schema: private; Owner: -

COMMENT ON FUNCTION private.vault_secret(name text) IS 'A secret of the project''s Vault by its name; null where there is none, or no Vault.';

-- Name: jobs; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid DEFAULT auth.uid() NOT NULL,
    job_type text NOT NULL,
    status public.job_status DEFAULT 'pending'::public.job_status,
    input_data jsonb,
    output_data jsonb,
    error_log text,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    attempt integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    next_attempt_at timestamp with time zone,
    CONSTRAINT jobs_input_has_a_size CHECK ((pg_column_size(input_data) <= 1048576)),
    CONSTRAINT jobs_type_has_a_length CHECK (((char_length(job_type) >= 1) AND (char_length(job_type) <= 60)))
);

-- Name: TABLE jobs; Type: COMMENT; Schema: public; Owner: -

COMMENT ON TABLE public.jobs IS 'Work done by a worker, and its result.';

-- Name: COLUMN jobs.attempt; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.jobs.attempt IS 'How often work at it has begun.';

-- Name: COLUMN jobs.started_at; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.jobs.started_at IS 'When work at it began first.';

-- Name: COLUMN jobs.next_attempt_at; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.jobs.next_attempt_at IS 'While it waits to be tried again: not before when.';

-- Name: admin_cancel_job(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_cancel_job(job_id uuid) RETURNS SETOF public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: as its owner, whose to end it is, so that the queue hears of it too.
  perform set_config('request.jwt.claims', jsonb_build_object('sub', job.user_id, 'role', 'authenticated')::text, true)
  from public.jobs as job
  where job.id = admin_cancel_job.job_id and job.status in ('pending', 'processing');
  if not found then
    return;
  end if;
  return query select * from public.cancel_job(admin_cancel_job.job_id);
end
$$;

-- Name: FUNCTION admin_cancel_job(job_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_cancel_job(job_id uuid) IS 'Ends somebody''s job as failed and returns it; none where it is over or not there.';

-- Name: deleted_chats; Type: TABLE; Schema: private; Owner: -

CREATE TABLE private.deleted_chats (
    id uuid NOT NULL,
    user_id uuid DEFAULT auth.uid() NOT NULL,
    title text NOT NULL,
    message_count integer NOT NULL,
    deleted_at timestamp with time zone DEFAULT now() NOT NULL,
    content jsonb NOT NULL
);

-- Name: TABLE deleted_chats; Type: COMMENT; Schema: private; Owner: -

COMMENT ON TABLE private.deleted_chats IS 'A chat as it was when its owner deleted it; kept for 30 days.';

-- Name: COLUMN deleted_chats.content; Type: COMMENT; Schema: private; Owner: -

COMMENT ON COLUMN private.deleted_chats.content IS 'chat: its row; messages: their rows, oldest first.';

-- Name: admin_deleted_chats(uuid, uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_deleted_chats(user_id uuid, after uuid DEFAULT NULL::uuid, most integer DEFAULT 20) RETURNS SETOF private.deleted_chats
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: deleted chats are nobody's to read but their owners'. For what is handed to the owner.
  select kept.* from private.deleted_chats as kept
  where kept.user_id = admin_deleted_chats.user_id
    and (admin_deleted_chats.after is null or kept.id > admin_deleted_chats.after)
  order by kept.id
  limit least(greatest(admin_deleted_chats.most, 1), 500)
$$;

-- Name: FUNCTION admin_deleted_chats(user_id uuid, after uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_deleted_chats(user_id uuid, after uuid, most integer) IS 'Deleted chats of one user with all that is kept of them, by id, a page at a time.';

-- Name: admin_entries(uuid, bigint, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_entries(subject uuid DEFAULT NULL::uuid, before bigint DEFAULT NULL::bigint, most integer DEFAULT 100) RETURNS TABLE(id bigint, done_at timestamp with time zone, operator text, login text, deed text, subject_digest text, details jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: the entries are nobody's to read but through here.
  select entry.id, entry.done_at, entry.operator, entry.login, entry.deed, entry.subject,
    entry.details
  from audit.entries as entry
  where (admin_entries.subject is null or entry.subject = audit.digest(admin_entries.subject))
    and (admin_entries.before is null or entry.id < admin_entries.before)
  order by entry.id desc
  limit least(greatest(admin_entries.most, 1), 1000)
$$;

-- Name: FUNCTION admin_entries(subject uuid, before bigint, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_entries(subject uuid, before bigint, most integer) IS 'What operators did, the newest first: of all, or about one user.';

-- Name: admin_erase_chats(uuid[], timestamp with time zone, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer DEFAULT 2000) RETURNS TABLE(chat_id uuid, owner_id uuid, erased bigint, is_gone boolean)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  remaining integer = least(greatest(admin_erase_chats.most, 1), 10000);
  old public.chats;
begin
  -- A chat that somebody goes on with stays. It is locked, so nobody does while it goes, and it
  -- goes whole where it is no longer than a piece.
  perform set_config('pocketllm.keeps_times', 'yes', true);
  for old in
    select chat.* from public.chats as chat
    where chat.id = any (admin_erase_chats.chat_ids) and chat.updated_at < admin_erase_chats.before
    order by chat.id for update
  loop
    delete from public.messages where id in (
      select message.id from public.messages as message
      where message.chat_id = old.id order by message.seq desc limit remaining
    );
    get diagnostics erased = row_count;
    chat_id = old.id;
    owner_id = old.user_id;
    is_gone = not exists (select from public.messages as message where message.chat_id = old.id);
    if is_gone then
      delete from public.chats as chat where chat.id = old.id;
      insert into private.erased_chats (chat_id, owner_id) values (old.id, old.user_id) on conflict do nothing;
    end if;
    return next;
    remaining = remaining - erased;
    exit when remaining <= 0;
  end loop;
  perform set_config('pocketllm.keeps_times', 'no', true);
end
$$;

-- Name: FUNCTION admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer) IS 'Deletes for good chats that were last used before a moment, so many messages at once: how many went of each, and whether it went too. No row when none is left.';

-- Name: admin_erase_rows(uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_erase_rows(user_id uuid, most integer DEFAULT 2000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  bound constant integer = least(greatest(admin_erase_rows.most, 1), 10000);
  gone bigint;
begin
  -- Definer: among them are tables that the service has no rights to. Only this user's rows go.
  -- Children before parents, the newest messages first: nothing has to be hung up anew.
  delete from public.messages where id in (
    select mine.id from public.messages as mine
    where mine.user_id = admin_erase_rows.user_id order by mine.seq desc limit bound
  );
  get diagnostics gone = row_count;
  if gone > 0 then
    return gone;
  end if;
  -- The queue tells users apart by its locks; a task that is being done goes when it ends.
  delete from procrastinate.procrastinate_jobs
  where lock ^@ (admin_erase_rows.user_id::text || '/') and status <> 'doing';
  with piece as (
    select id from public.chats as mine where mine.user_id = admin_erase_rows.user_id limit bound
  ), chats as (
    delete from public.chats where id in (select id from piece) returning id
  ), kept as (
    delete from private.deleted_chats where id in (
      select id from private.deleted_chats as mine where mine.user_id = admin_erase_rows.user_id limit bound
    ) returning id
  ), jobs as (
    delete from public.jobs where id in (
      select id from public.jobs as mine where mine.user_id = admin_erase_rows.user_id limit bound
    ) returning id
  )
  select (select count(*) from chats) + (select count(*) from kept) + (select count(*) from jobs) into gone;
  return gone;
end
$$;

-- Name: FUNCTION admin_erase_rows(user_id uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_erase_rows(user_id uuid, most integer) IS 'Deletes some of a user''s rows and returns how many; 0 when only what goes with the user is left.';

-- Name: admin_erased_chats(uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_erased_chats(user_id uuid DEFAULT NULL::uuid, most integer DEFAULT 50) RETURNS TABLE(chat_id uuid, owner_id uuid)
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  -- Somebody may have brought a chat of the same id in again: its files are needed then.
  delete from private.erased_chats as erased
  where exists (select from public.chats where id = erased.chat_id)
    or exists (select from private.deleted_chats where id = erased.chat_id);
  select erased.chat_id, erased.owner_id from private.erased_chats as erased
  where admin_erased_chats.user_id is null or erased.owner_id = admin_erased_chats.user_id
  order by erased.erased_at, erased.chat_id
  limit least(greatest(admin_erased_chats.most, 1), 500)
$$;

-- Name: FUNCTION admin_erased_chats(user_id uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_erased_chats(user_id uuid, most integer) IS 'Some chats that were erased and whose files are still to go, the first erased first: of all users, or of one.';

-- Name: admin_files_gone(uuid[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_files_gone(chat_ids uuid[]) RETURNS bigint
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with gone as (
    delete from private.erased_chats where chat_id = any (admin_files_gone.chat_ids) returning 1
  )
  select count(*) from gone
$$;

-- Name: FUNCTION admin_files_gone(chat_ids uuid[]); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_files_gone(chat_ids uuid[]) IS 'Takes erased chats whose files are gone off the list; returns how many.';

-- Name: admin_footprint(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_footprint(user_id uuid) RETURNS TABLE(place text, entries bigint, bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: the service has no rights to some of these tables. It counts, and shows no row.
  select 'profile', count(*), null::bigint from public.profiles where id = admin_footprint.user_id
  union all
  select 'model configs', count(*), null from public.model_configs as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'chats', count(*), null from public.chats as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'messages', count(*), null from public.messages as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'deleted chats', count(*), null from private.deleted_chats as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'jobs', count(*), null from public.jobs as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'search entries', count(*), null from search.entries as mine where mine.user_id = admin_footprint.user_id
  union all
  select 'files', count(*), coalesce(sum(asset.bytes), 0)::bigint from private.assets_of(admin_footprint.user_id) as asset
$$;

-- Name: FUNCTION admin_footprint(user_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_footprint(user_id uuid) IS 'How much a user has, by place; zeros when nothing is left of them.';

-- Name: admin_forget_deleted(timestamp with time zone, uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_forget_deleted(before timestamp with time zone, user_id uuid DEFAULT NULL::uuid, most integer DEFAULT 500) RETURNS TABLE(chat_id uuid, owner_id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: deleted chats are nobody's to reach but their owners'. What can be restored stays.
  with gone as (
    delete from private.deleted_chats where id in (
      select kept.id from private.deleted_chats as kept
      where kept.deleted_at < least(admin_forget_deleted.before, now() - interval '30 days')
        and (admin_forget_deleted.user_id is null or kept.user_id = admin_forget_deleted.user_id)
      limit least(greatest(admin_forget_deleted.most, 1), 500)
    )
    returning id, user_id
  ), noted as (
    insert into private.erased_chats (chat_id, owner_id)
    select gone.id, gone.user_id from gone on conflict do nothing
  )
  select gone.id, gone.user_id from gone
$$;

-- Name: FUNCTION admin_forget_deleted(before timestamp with time zone, user_id uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_forget_deleted(before timestamp with time zone, user_id uuid, most integer) IS 'Removes for good some chats that were deleted before a moment and more than 30 days ago, and returns them.';

-- Name: admin_garbage(double precision, text, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_garbage(grace_seconds double precision DEFAULT 86400, after text DEFAULT ''::text, most integer DEFAULT 500) RETURNS TABLE(name text, bytes bigint, reason text, next text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: owners of objects are looked up among users and deleted chats, which nobody may read.
  with page as materialized (
    select object.name, (object.metadata ->> 'size')::bigint as bytes,
      greatest(object.created_at, object.updated_at) as moment,
      split_part(object.name, '/', 1) || '/' || split_part(object.name, '/', 2) as kind,
      private.as_uuid(left(split_part(object.name, '/', 3), 36)) as owner,
      private.as_uuid(left(split_part(object.name, '/', 4), 36)) as thing
    from storage.objects as object
    where object.bucket_id = 'user_assets' and object.name collate "C" > admin_garbage.after
    order by object.name collate "C"
    limit least(greatest(admin_garbage.most, 1), 500)
  ), judged as (
    select page.name, page.bytes,
      case
        when page.moment > now() - make_interval(secs => admin_garbage.grace_seconds) then null
        when page.owner is null then null
        when not exists (select from auth.users where id = page.owner) then 'user gone'
        when page.kind = 'private/user_files' and page.thing is not null
          and not exists (select from public.chats where id = page.thing)
          and not exists (select from private.deleted_chats where id = page.thing) then 'chat gone'
        when page.kind = 'private/generated_images' and page.thing is not null
          and not exists (select from public.jobs where id = page.thing and status <> 'failed') then 'job gone'
        when page.kind = 'private/image_inputs'
          and not exists (
            select from public.jobs as job
            where job.user_id = page.owner
              and job.input_data ->> 'inputImage' in (page.name, 'user_assets/' || page.name)
          ) then 'job gone'
      end as reason
    from page
  ), past as (
    select max(page.name collate "C") as name from page
    having count(*) = least(greatest(admin_garbage.most, 1), 500)
  )
  select judged.name, judged.bytes, judged.reason, null from judged where judged.reason is not null
  union all
  select null, null, null, past.name from past
$$;

-- Name: FUNCTION admin_garbage(grace_seconds double precision, after text, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_garbage(grace_seconds double precision, after text, most integer) IS 'Looks at one page of objects, by name: those that nothing needs and that are older than the grace, with the reason; a last row has the name to go on after, if there may be more.';

-- Name: admin_missing(double precision, uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_missing(grace_seconds double precision DEFAULT 86400, after uuid DEFAULT NULL::uuid, most integer DEFAULT 500) RETURNS TABLE(id uuid, user_id uuid, path text, next uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: for the indexes' sake the objects are read past their policies, for the service only.
  with page as materialized (
    select job.id, job.user_id, job.output_data ->> 'path' as path, job.updated_at
    from public.jobs as job
    where job.status = 'completed' and (admin_missing.after is null or job.id > admin_missing.after)
    order by job.id
    limit least(greatest(admin_missing.most, 1), 500)
  ), past as (
    select (array_agg(page.id order by page.id desc))[1] as id from page
    having count(*) = least(greatest(admin_missing.most, 1), 500)
  )
  select page.id, page.user_id, page.path, null::uuid from page
  -- The job that analysed a document names that document, and stays when it goes.
  where regexp_replace(page.path, '^user_assets/', '')
      = 'private/generated_images/' || page.user_id::text || '/' || page.id::text || '.png'
    and page.updated_at < now() - make_interval(secs => admin_missing.grace_seconds)
    and not exists (
      select from storage.objects as object
      where object.bucket_id = 'user_assets'
        and object.name = regexp_replace(page.path, '^user_assets/', '')
    )
  union all
  select null, null, null, past.id from past
$$;

-- Name: FUNCTION admin_missing(grace_seconds double precision, after uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_missing(grace_seconds double precision, after uuid, most integer) IS 'Looks at one page of completed jobs: those whose picture is gone; a last row has the id to go on after, if there may be more.';

-- Name: admin_note(text, text, uuid, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_note(deed text, operator text, subject uuid DEFAULT NULL::uuid, details jsonb DEFAULT '{}'::jsonb) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: the entries are nobody's to write but through here.
  insert into audit.entries (operator, login, deed, subject, details)
  values (
    left(admin_note.operator, 200),
    coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role', session_user),
    admin_note.deed,
    audit.digest(admin_note.subject),
    admin_note.details
  )
  returning id
$$;

-- Name: FUNCTION admin_note(deed text, operator text, subject uuid, details jsonb); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_note(deed text, operator text, subject uuid, details jsonb) IS 'Adds an entry to what operators did and returns its number.';

-- Name: admin_objects(uuid, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_objects(user_id uuid, most integer DEFAULT 100) RETURNS TABLE(name text, bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: for the indexes' sake the objects are read past their policies, for the service only.
  select asset.name, asset.bytes from private.assets_of(admin_objects.user_id) as asset
  limit least(greatest(admin_objects.most, 1), 1000)
$$;

-- Name: FUNCTION admin_objects(user_id uuid, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_objects(user_id uuid, most integer) IS 'Some of what the users'' bucket keeps for a user, whether there is such a user or not.';

-- Name: admin_old(timestamp with time zone, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_old(before timestamp with time zone, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(place text, entries bigint, users bigint, oldest timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: deleted chats are nobody's to read. It counts, and shows no row.
  select 'chats', count(*), count(distinct chat.user_id), min(chat.updated_at)
  from public.chats as chat
  where chat.updated_at < admin_old.before
    and (admin_old.user_id is null or chat.user_id = admin_old.user_id)
  union all
  select 'jobs', count(*), count(distinct job.user_id), min(job.updated_at)
  from public.jobs as job
  where job.updated_at < admin_old.before and job.status in ('completed', 'failed')
    and (admin_old.user_id is null or job.user_id = admin_old.user_id)
  union all
  select 'deleted chats', count(*), count(distinct kept.user_id), min(kept.deleted_at)
  from private.deleted_chats as kept
  where kept.deleted_at < least(admin_old.before, now() - interval '30 days')
    and (admin_old.user_id is null or kept.user_id = admin_old.user_id)
$$;

-- Name: FUNCTION admin_old(before timestamp with time zone, user_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_old(before timestamp with time zone, user_id uuid) IS 'How many chats, jobs that are over, and deleted chats past their 30 days were last used before a moment: of all users, or of one.';

-- Name: admin_stats(timestamp with time zone, timestamp with time zone, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_stats(since timestamp with time zone, until timestamp with time zone DEFAULT now(), most integer DEFAULT 100000) RETURNS TABLE(day date, model text, answers bigint, users bigint, errors bigint, input_tokens bigint, output_tokens bigint, cost_usd numeric, first_token_ms_p50 double precision, first_token_ms_p95 double precision, total_ms_p50 double precision, total_ms_p95 double precision, seen_since timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
  -- Definer: for the index's sake messages are read past their policies, for the service only.
  with newest as materialized (
    select message.created_at, message.user_id, message.metadata
    from public.messages as message
    where case when message.role = 'assistant' then message.created_at end
        >= greatest(admin_stats.since, admin_stats.until - interval '400 days')
      and case when message.role = 'assistant' then message.created_at end < admin_stats.until
    order by case when message.role = 'assistant' then message.created_at end desc
    limit least(greatest(admin_stats.most, 1), 100000)
  ), answer as (
    select
      (newest.created_at at time zone 'utc')::date as day,
      coalesce(newest.metadata ->> 'model', 'unknown') as model,
      newest.user_id,
      newest.created_at,
      (newest.metadata ? 'error' or newest.metadata ->> 'status' in ('failed', 'interrupted', 'incomplete')) as failed,
      -- Owners may write metadata, so what is no sensible number counts as unknown.
      jsonb_path_query_first(newest.metadata, '$.input_tokens ? (@ >= 0 && @ < 1000000000)')::bigint as input,
      jsonb_path_query_first(newest.metadata, '$.output_tokens ? (@ >= 0 && @ < 1000000000)')::bigint as output,
      jsonb_path_query_first(newest.metadata, '$.cost_usd ? (@ >= 0 && @ < 1000000)')::numeric as cost,
      jsonb_path_query_first(newest.metadata, '$.first_token_ms ? (@ >= 0 && @ < 1000000000)')::float8 as first_token,
      jsonb_path_query_first(newest.metadata, '$.total_ms ? (@ >= 0 && @ < 1000000000)')::float8 as total
    from newest
    where newest.metadata -> 'copied_from' is null
  )
  select
    answer.day, answer.model, count(*), count(distinct answer.user_id),
    count(*) filter (where answer.failed),
    coalesce(sum(answer.input), 0)::bigint, coalesce(sum(answer.output), 0)::bigint, sum(answer.cost),
    percentile_cont(0.5) within group (order by answer.first_token),
    percentile_cont(0.95) within group (order by answer.first_token),
    percentile_cont(0.5) within group (order by answer.total),
    percentile_cont(0.95) within group (order by answer.total),
    case when (select count(*) from newest) >= least(greatest(admin_stats.most, 1), 100000) then min(answer.created_at) end
  from answer
  group by grouping sets ((answer.day), (answer.model), ())
  order by answer.day is not null, answer.model is not null, answer.day, answer.model
$_$;

-- Name: FUNCTION admin_stats(since timestamp with time zone, until timestamp with time zone, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_stats(since timestamp with time zone, until timestamp with time zone, most integer) IS 'Answers in a span of time, the newest so many of them and those of 400 days at most: a row for each day (UTC), one for each model, and one for all (neither day nor model); seen_since is the oldest that was looked at where there were more. Cancelled answers are no errors.';

-- Name: admin_storage_usage(text, integer); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_storage_usage(after text DEFAULT ''::text, most integer DEFAULT 50000) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: objects are counted past their policies, for the service only.
  with page as materialized (
    select object.name, (object.metadata ->> 'size')::bigint as bytes
    from storage.objects as object
    where object.bucket_id = 'user_assets' and object.name collate "C" > admin_storage_usage.after
    order by object.name collate "C"
    limit least(greatest(admin_storage_usage.most, 1), 50000)
  ), share as (
    select left(split_part(page.name, '/', 3), 36) as owner, count(*) as files, sum(page.bytes) as bytes
    from page group by 1
  )
  select jsonb_build_object(
    'next', (
      select max(page.name collate "C") from page
      having count(*) = least(greatest(admin_storage_usage.most, 1), 50000)
    ),
    'shares', coalesce((
      select jsonb_agg(jsonb_build_object(
        'user_id', private.as_uuid(share.owner), 'files', share.files, 'bytes', coalesce(share.bytes, 0)
      )) from share
    ), '[]')
  )
$$;

-- Name: FUNCTION admin_storage_usage(after text, most integer); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_storage_usage(after text, most integer) IS 'Looks at one page of objects, by name: whose they are, how many and how big, and the name to go on after, if there may be more. Without a user: in no one''s folder.';

-- Name: admin_totals(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.admin_totals() RETURNS TABLE(place text, entries bigint, is_estimate boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: nobody may count users. Past 100,000 rows it is what the planner knows.
  with counted (place, entries, known) as (
    select 'users', (select count(*) from (select from auth.users limit 100001) as bounded), 'auth.users'::regclass
    union all
    select 'chats', (select count(*) from (select from public.chats limit 100001) as bounded), 'public.chats'::regclass
    union all
    select 'messages', (select count(*) from (select from public.messages limit 100001) as bounded), 'public.messages'::regclass
    union all
    select 'jobs', (select count(*) from (select from public.jobs limit 100001) as bounded), 'public.jobs'::regclass
  )
  select counted.place,
    case when counted.entries > 100000 then greatest(class.reltuples::bigint, counted.entries) else counted.entries end,
    counted.entries > 100000
  from counted join pg_catalog.pg_class as class on class.oid = counted.known
$$;

-- Name: FUNCTION admin_totals(); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.admin_totals() IS 'How many users, chats, messages and jobs there are; estimated where there are more than 100,000.';

-- Name: cancel_job(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.cancel_job(job_id uuid) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  task bigint;
  job public.jobs;
begin
  -- Definer: state is the worker's to write; this one only ends what is the caller's.
  delete from private.job_runs
  where job_id = cancel_job.job_id and user_id = auth.uid()
  returning task_id into task;
  update public.jobs
  set status = 'failed', error_log = 'Cancelled.', next_attempt_at = null
  where id = cancel_job.job_id and user_id = auth.uid() and status in ('pending', 'processing')
  returning * into job;
  if found then
    perform private.note_outcome(job.job_type, 'cancelled', job.created_at);
  else
    select * into job from public.jobs where id = cancel_job.job_id and user_id = auth.uid();
    if not found then
      raise exception 'There is no such job.' using errcode = 'P0002';
    end if;
  end if;
  -- Whoever works at it is told at once.
  perform procrastinate.procrastinate_cancel_job_v1(task, true, true) where task is not null;
  return job;
end
$$;

-- Name: FUNCTION cancel_job(job_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.cancel_job(job_id uuid) IS 'Ends a job of the caller as failed, and returns it; one that is over stays as it is.';

-- Name: delete_chats(uuid[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.delete_chats(chat_ids uuid[]) RETURNS SETOF uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  delete from private.deleted_chats where deleted_at < now() - interval '30 days';
  -- Locked first, so that what is kept is what is deleted.
  perform from public.chats where id = any (delete_chats.chat_ids) order by id for update;
  insert into private.deleted_chats (id, title, message_count, content)
  select chat.id, chat.title, jsonb_array_length(kept.messages),
    jsonb_build_object('chat', to_jsonb(chat), 'messages', kept.messages)
  from public.chats as chat
  cross join lateral (
    select coalesce(
      jsonb_agg(to_jsonb(message) - array['chat_id', 'user_id', 'seq'] order by message.seq), '[]'
    ) as messages
    from public.messages as message where message.chat_id = chat.id
  ) as kept
  where chat.id = any (delete_chats.chat_ids);
  return query delete from public.chats where id = any (delete_chats.chat_ids) returning id;
end
$$;

-- Name: FUNCTION delete_chats(chat_ids uuid[]); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.delete_chats(chat_ids uuid[]) IS 'Deletes chats of the caller, keeps them for 30 days, and returns the ids of those there were.';

-- Name: deleted_chats(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.deleted_chats() RETURNS TABLE(id uuid, title text, message_count integer, deleted_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select chat.id, chat.title, chat.message_count, chat.deleted_at
  from private.deleted_chats as chat
  where chat.deleted_at >= now() - interval '30 days'
  order by chat.deleted_at desc, chat.id desc
  limit 1000
$$;

-- Name: FUNCTION deleted_chats(); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.deleted_chats() IS 'Lists the deleted chats of the caller that can be restored, the last deleted first.';

-- Name: chats; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.chats (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid DEFAULT auth.uid() NOT NULL,
    model_config_id uuid,
    title text NOT NULL,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    current_message_id uuid,
    title_by text DEFAULT 'person'::text NOT NULL,
    archived_at timestamp with time zone,
    CONSTRAINT chats_title_by_is_known CHECK ((title_by = ANY (ARRAY['person'::text, 'prompt'::text, 'model'::text]))),
    CONSTRAINT chats_title_has_a_length CHECK (((char_length(title) >= 1) AND (char_length(title) <= 500)))
);

-- Name: TABLE chats; Type: COMMENT; Schema: public; Owner: -

COMMENT ON TABLE public.chats IS 'One conversation, owned by one user.';

-- Name: COLUMN chats.current_message_id; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.chats.current_message_id IS 'The tip of the branch that is shown; null for an empty chat.';

-- Name: COLUMN chats.title_by; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.chats.title_by IS 'person, prompt (the beginning of the first prompt) or model.';

-- Name: COLUMN chats.archived_at; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.chats.archived_at IS 'When its owner put the chat away; null where it stands in the list.';

-- Name: fork_chat(uuid, uuid, text); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.fork_chat(chat_id uuid, at_message_id uuid DEFAULT NULL::uuid, title text DEFAULT NULL::text) RETURNS public.chats
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  source public.chats;
  tip uuid;
  forked public.chats;
begin
  select * into source from public.chats where id = fork_chat.chat_id;
  if not found then
    raise exception 'There is no such chat.' using errcode = 'P0002';
  end if;
  tip = coalesce(fork_chat.at_message_id, source.current_message_id);
  if fork_chat.at_message_id is not null and not exists (
    select from public.messages as message
    where message.id = fork_chat.at_message_id and message.chat_id = source.id
  ) then
    raise exception 'There is no such message in this chat.' using errcode = 'P0002';
  end if;

  insert into public.chats (model_config_id, title)
  values (source.model_config_id, coalesce(fork_chat.title, source.title))
  returning * into forked;

  with recursive branch as (
    select message.id, message.parent_id, message.role, message.content, message.metadata, 1 as height
    from public.messages as message
    where message.chat_id = source.id and message.id = tip
    union all
    select above.id, above.parent_id, above.role, above.content, above.metadata, branch.height + 1
    from branch
    join public.messages as above on above.chat_id = source.id and above.id = branch.parent_id
  ),
  copies as materialized (select *, gen_random_uuid() as new_id from branch)
  insert into public.messages (id, chat_id, parent_id, role, content, metadata)
  select
    copy.new_id,
    forked.id,
    lag(copy.new_id) over (order by copy.height desc),
    copy.role,
    copy.content,
    -- An answer is paid for once: its copies say what they are. Nobody goes on writing a copy.
    case when copy.role = 'assistant' and jsonb_typeof(copy.metadata) = 'object' then
      copy.metadata
      || jsonb_build_object('copied_from', coalesce(copy.metadata -> 'copied_from', to_jsonb(copy.id)))
      || case copy.metadata ->> 'status' when 'streaming' then '{"status": "incomplete"}' else '{}' end::jsonb
    else copy.metadata end
  from copies as copy
  order by copy.height desc;

  select * into forked from public.chats where id = forked.id;
  return forked;
end
$$;

-- Name: FUNCTION fork_chat(chat_id uuid, at_message_id uuid, title text); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.fork_chat(chat_id uuid, at_message_id uuid, title text) IS 'Copies a branch, up to and including a message, into a new chat of the caller.';

-- Name: import_chat(jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.import_chat(chat jsonb, messages jsonb) RETURNS public.chats
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  new_id uuid = private.put_chat(import_chat.chat);
  imported public.chats;
begin
  perform private.put_messages(
    new_id, import_chat.messages, (import_chat.chat ->> 'current_message_id')::uuid
  );
  select * into imported from public.chats where id = new_id;
  return imported;
end
$$;

-- Name: FUNCTION import_chat(chat jsonb, messages jsonb); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.import_chat(chat jsonb, messages jsonb) IS 'Adds a chat of the caller with its messages, oldest first.';

-- Name: import_chats(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.import_chats(chats jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  whole jsonb;
begin
  for whole in select * from jsonb_array_elements(import_chats.chats) loop
    perform private.put_messages(
      private.put_chat(whole -> 'chat'), whole -> 'messages', (whole #>> '{chat,current_message_id}')::uuid
    );
  end loop;
end
$$;

-- Name: FUNCTION import_chats(chats jsonb); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.import_chats(chats jsonb) IS 'Adds chats of the caller, each with its messages, all or none: [{"chat", "messages"}].';

-- Name: import_jobs(jsonb); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.import_jobs(jobs jsonb) RETURNS SETOF uuid
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: state and result, which no client may write, come with the jobs. The owner is the
  -- caller, and a job that is not over would be work that nobody was asked for.
  insert into public.jobs (
    id, user_id, job_type, status, input_data, output_data, error_log, created_at, updated_at
  )
  select
    job.id, auth.uid(), job.job_type, job.status, job.input_data, job.output_data, job.error_log,
    coalesce(job.created_at, now()), coalesce(job.updated_at, job.created_at, now())
  from jsonb_populate_recordset(null::public.jobs, import_jobs.jobs) as job
  where auth.uid() is not null and job.status in ('completed', 'failed')
  on conflict (id) do nothing;

  select id from public.jobs
  where user_id = auth.uid()
    and id in (select (item ->> 'id')::uuid from jsonb_array_elements(import_jobs.jobs) as item)
$$;

-- Name: FUNCTION import_jobs(jobs jsonb); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.import_jobs(jobs jsonb) IS 'Adds jobs of the caller that are over, under their own ids and times; returns the ids of those that are the caller''s now.';

-- Name: import_messages(uuid, jsonb, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.import_messages(chat_id uuid, messages jsonb, tip uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  select private.put_messages(import_messages.chat_id, import_messages.messages, import_messages.tip)
$$;

-- Name: FUNCTION import_messages(chat_id uuid, messages jsonb, tip uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.import_messages(chat_id uuid, messages jsonb, tip uuid) IS 'Goes on with a chat of the caller that is too long to be brought in at once.';

-- Name: restore_chats(uuid[]); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.restore_chats(chat_ids uuid[]) RETURNS SETOF public.chats
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  kept private.deleted_chats;
begin
  for kept in
    delete from private.deleted_chats where id = any (restore_chats.chat_ids) returning *
  loop
    return query select * from public.import_chat(kept.content -> 'chat', kept.content -> 'messages');
  end loop;
end
$$;

-- Name: FUNCTION restore_chats(chat_ids uuid[]); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.restore_chats(chat_ids uuid[]) IS 'Brings deleted chats of the caller back as they were.';

-- Name: retry_job(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.retry_job(job_id uuid) RETURNS public.jobs
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  job public.jobs;
  new_id uuid = gen_random_uuid();
begin
  select * into job from public.jobs where id = retry_job.job_id;
  if not found then
    raise exception 'There is no such job.' using errcode = 'P0002';
  elsif job.status <> 'failed' then
    raise exception 'Only a job that failed can be tried again.' using errcode = 'PT409';
  end if;
  insert into public.jobs (id, user_id, job_type, input_data)
  values (new_id, job.user_id, job.job_type, job.input_data);
  select * into job from public.jobs where id = new_id;
  return job;
end
$$;

-- Name: FUNCTION retry_job(job_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.retry_job(job_id uuid) IS 'Makes a new job of a failed one''s type and input, and returns it; the failed one stays.';

-- Name: search_messages(text, integer, uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.search_messages(query text, max_results integer DEFAULT 20, after_id uuid DEFAULT NULL::uuid) RETURNS TABLE(id uuid, chat_id uuid, message_id uuid, title text, role text, snippet text, created_at timestamp with time zone, score real)
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  with ranked as materialized (
    select *, row_number() over (order by found.score desc, found.seq desc, found.id) as place
    from search.candidates($1) as found
  ),
  page as materialized (
    select * from ranked
    where $3 is null or place > (select before.place from ranked as before where before.id = $3)
    order by place
    limit least(greatest($2, 0), 100)
  ),
  parsed as materialized (select search.parse($1) as looked_for)
  select
    page.id,
    page.chat_id,
    page.message_id,
    chat.title,
    message.role,
    -- The marks are characters that no text keeps here, so a match can be told from what looks like
    -- it. What would be taken for a tag of HTML, and dropped, hides its bracket meanwhile.
    translate(
      ts_headline(
        'search.folded',
        translate(left(coalesce(message.content, chat.title), 50000), E'<\x02\x03\x04', E'\x04'),
        parsed.looked_for,
        E'StartSel=\x02, StopSel=\x03, MaxWords=30, MinWords=12'
      ),
      E'\x04', '<'
    ),
    coalesce(message.created_at, chat.updated_at),
    page.score
  from page
  cross join parsed
  -- Each by itself: by its id, however many chats the caller is thought to have.
  cross join lateral (select * from public.chats where id = page.chat_id limit 1) as chat
  left join lateral (select * from public.messages where id = page.message_id limit 1) as message on true
  where page.message_id is null or message.id is not null
  order by page.place
$_$;

-- Name: FUNCTION search_messages(query text, max_results integer, after_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.search_messages(query text, max_results integer, after_id uuid) IS 'The caller''s messages and titles that fit a query, best first; matches stand between U+0002 and U+0003. The next page is after the last row''s id.';

-- Name: self_check(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.self_check() RETURNS TABLE(open_tables text[], unheard_tables text[], bucket_is_private boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: nobody may read the list of buckets. It tells how things are set, and of no row.
  select
    array(
      select relname::text from pg_catalog.pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
      order by 1
    ),
    array(
      select wanted.name from unnest(array['chats', 'messages', 'model_configs', 'jobs']) as wanted (name)
      where not exists (
        select from pg_catalog.pg_publication_tables as told
        where told.pubname = 'supabase_realtime'
          and told.schemaname = 'public' and told.tablename = wanted.name
      )
    ),
    (select not bucket.public from storage.buckets as bucket where bucket.id = 'user_assets')
$$;

-- Name: FUNCTION self_check(); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.self_check() IS 'Tables without row level security, tables whose changes are not told, and whether the bucket user_assets is private (null: there is none).';

-- Name: show_version(uuid); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.show_version(message_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  chosen public.messages;
  tip uuid;
begin
  select * into chosen from public.messages where id = show_version.message_id;
  if not found then
    raise exception 'There is no such message.' using errcode = 'P0002';
  end if;
  with recursive below as (
    select message.id, message.seq
    from public.messages as message
    where message.chat_id = chosen.chat_id and message.id = chosen.id
    union all
    select message.id, message.seq
    from below
    join public.messages as message
      on message.chat_id = chosen.chat_id and message.parent_id = below.id
  )
  -- What follows a message was written after it, so the newest of all is a leaf.
  select id into tip from below order by seq desc limit 1;

  update public.chats set current_message_id = tip
  where id = chosen.chat_id and current_message_id is distinct from tip;
  return tip;
end
$$;

-- Name: FUNCTION show_version(message_id uuid); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.show_version(message_id uuid) IS 'Shows the branch that a message is on, down to its newest end, and returns that end.';

-- Name: usage(text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.usage("grouping" text, since timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(label text, chat_id uuid, answers bigint, input_tokens bigint, output_tokens bigint, cost_usd numeric, total_ms bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $_$
#variable_conflict use_column
begin
  if usage.grouping is null or usage.grouping not in ('model', 'day', 'chat') then
    raise exception 'grouping is one of model, day and chat'
      using errcode = 'invalid_parameter_value';
  end if;
  return query
  with answer as (
    select
      case usage.grouping
        when 'model' then coalesce(message.metadata ->> 'model', 'unknown')
        when 'day' then to_char(message.created_at at time zone 'utc', 'YYYY-MM-DD')
      end as label,
      case usage.grouping when 'chat' then message.chat_id end as chat_id,
      -- Owners may write metadata, so what is no sensible number counts as unknown.
      jsonb_path_query_first(message.metadata, '$.input_tokens ? (@ >= 0 && @ < 1000000000)') as input,
      jsonb_path_query_first(message.metadata, '$.output_tokens ? (@ >= 0 && @ < 1000000000)') as output,
      jsonb_path_query_first(message.metadata, '$.cost_usd ? (@ >= 0 && @ < 1000000)') as cost,
      jsonb_path_query_first(message.metadata, '$.total_ms ? (@ >= 0 && @ < 1000000000)') as took
    from public.messages as message
    where message.role = 'assistant'
      and message.user_id = (select auth.uid())
      and message.created_at >= coalesce(usage.since, '-infinity')
      and message.metadata -> 'copied_from' is null
    order by message.user_id, message.created_at
  ),
  total as (
    select
      answer.label,
      answer.chat_id,
      count(*) as answers,
      coalesce(sum(answer.input::numeric), 0)::bigint as input_tokens,
      coalesce(sum(answer.output::numeric), 0)::bigint as output_tokens,
      sum(answer.cost::numeric) as cost_usd,
      coalesce(sum(answer.took::numeric), 0)::bigint as total_ms
    from answer
    group by answer.label, answer.chat_id
  )
  select
    coalesce(total.label, chat.title),
    total.chat_id,
    total.answers,
    total.input_tokens,
    total.output_tokens,
    total.cost_usd,
    total.total_ms
  from total
  left join public.chats as chat on chat.id = total.chat_id
  order by
    case when usage.grouping = 'day' then total.label end desc,
    total.cost_usd desc nulls last,
    total.input_tokens + total.output_tokens desc,
    coalesce(total.label, chat.title),
    total.chat_id;
end
$_$;

-- Name: FUNCTION usage("grouping" text, since timestamp with time zone); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.usage("grouping" text, since timestamp with time zone) IS 'The caller''s answers since a time, summed by model, day (UTC) or chat; copies in forks do not count.';

-- Name: worker_check(); Type: FUNCTION; Schema: public; Owner: -

CREATE FUNCTION public.worker_check() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  -- Definer: the list of workers is nobody's to read; how many there are tells of no job.
  select count(*) from procrastinate.procrastinate_workers
  where last_heartbeat > now() - interval '1 minute'
$$;

-- Name: FUNCTION worker_check(); Type: COMMENT; Schema: public; Owner: -

COMMENT ON FUNCTION public.worker_check() IS 'How many workers were heard of within the last minute.';

-- Name: candidates(text); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.candidates(query text) RETURNS TABLE(id uuid, chat_id uuid, message_id uuid, seq bigint, score real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
  -- Definer: no index for words is used behind a policy, whose check has to come first. Only the
  -- caller's words are looked for, and only the caller's entries returned.
  caller constant uuid = (select auth.uid());
  parsed constant tsquery = search.parse(candidates.query);
  mine constant tsquery = regexp_replace(
    parsed::text, '''((?:[^'']|'''')+)''', '''' || search.mine(caller) || '\1''', 'g'
  );
  -- What the index can tell: the words, without their order and without what must not be there.
  probe tsquery = regexp_replace(querytree(mine), '<(-|\d+)>', '&', 'g');
  beginning tsquery = substring(probe::text from '''(?:[^'']|'''')+'':\*');
  found search.entries[];
  probed_count int;
  newest_count int = 0;
begin
  if caller is null or querytree(parsed) in ('', 'T') then -- nothing to look for, or only what to leave out
    return;
  end if;
  -- From the smallest sample on, each sixteen times as large, so that no step finds much.
  for level in reverse 3..1 loop
    select count(*), array_agg(entry) filter (where entry.words @@ mine) into probed_count, found
    from search.sample(level, probe) as entry;
    newest_count = case
      when cardinality(found) >= 25 then 200 -- there are plenty
      when probed_count >= case level when 1 then 200 else 25 end then 1000 -- too many to check
      else 0
    end;
    exit when newest_count > 0;
    if beginning is not null and (select count(*) >= 25 from search.sample(level, beginning)) then
      -- All words that begin so would be gathered first: cheaper to check what the others find.
      probe = case when probe::text !~ '\|' then ts_rewrite(probe, beginning, '') else '' end;
      newest_count = case numnode(probe) when 0 then 1000 else 0 end;
      exit when newest_count > 0;
      beginning = null;
    end if;
  end loop;
  if newest_count = 0 then
    select array_agg(fitting.entry) into found from (
      select entry from search.entries as entry -- as a row of that type, not a record to be converted
      where entry.words @@ probe and (entry.words @@ mine) is true
      limit 300
    ) as fitting;
    newest_count = case cardinality(found) when 300 then 200 else 0 end;
  end if;
  return query
  with newest as materialized (
    select * from search.entries as entry where entry.user_id = caller
    order by entry.seq desc limit newest_count
  )
  select entry.id, entry.chat_id, entry.message_id, entry.seq, ts_rank(entry.words, mine, 1)
  from unnest(found) as entry where entry.user_id = caller
  union
  select entry.id, entry.chat_id, entry.message_id, entry.seq, ts_rank(entry.words, mine, 1)
  from newest as entry where entry.words @@ mine;
end
$$;

-- Name: FUNCTION candidates(query text); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.candidates(query text) IS 'Those of the caller''s entries that fit a query, at most some hundreds.';

-- Name: forget(); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.forget() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
begin
  -- Definer: entries are nobody's to write. Only those of rows that the caller has deleted go.
  delete from search.entries where id = any (array(select id from gone));
  return null;
end
$$;

-- Name: FUNCTION forget(); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.forget() IS 'Removes the entries of what was deleted.';

-- Name: mine(uuid); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.mine(user_id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $_$
  select left(replace($1::text, '-', ''), 12)
$_$;

-- Name: FUNCTION mine(user_id uuid); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.mine(user_id uuid) IS 'What every word of a user begins with in the index: so nobody else''s are ever looked at.';

-- Name: note_message(); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.note_message() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: entries are nobody's to write. Only the caller's own new row is noted.
  insert into search.entries (id, chat_id, message_id, user_id, seq, words)
  values (new.id, new.chat_id, new.id, new.user_id, new.seq, search.words(new.user_id, new.content))
  on conflict (id) do update set words = excluded.words;
  return null;
end
$$;

-- Name: FUNCTION note_message(); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.note_message() IS 'Keeps the entry of a message.';

-- Name: note_title(); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.note_title() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  -- Definer: entries are nobody's to write. Only the caller's own chat is noted.
  insert into search.entries (id, chat_id, user_id, seq, words)
  values (
    new.id, new.id, new.user_id, nextval('public.messages_seq_seq'),
    setweight(search.words(new.user_id, new.title), 'A')
  )
  on conflict (id) do update set words = excluded.words;
  return null;
end
$$;

-- Name: FUNCTION note_title(); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.note_title() IS 'Keeps the entry of a chat''s title.';

-- Name: parse(text); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.parse(query text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT
    SET search_path TO ''
    AS $_$
declare
  -- All punctuation but quotes and dashes is none. A dash inside or behind a word is no operator.
  plain text = regexp_replace(left(query, 500), '[!#-,./:-@[-`{-~]', ' ', 'g');
  typed text = regexp_replace(plain, '(?<=\S)-|-(?=\s|-|$)', ' ', 'g');
  parsed text = websearch_to_tsquery('search.folded', typed)::text;
begin
  -- The last word may not be finished. One letter alone would begin too many.
  if typed ~ '[^\s"]$' then
    parsed = regexp_replace(parsed, '((?:[^'']{2}|[^ -~])'')([ )]*)$', '\1:*\2');
  end if;
  return parsed::tsquery;
end
$_$;

-- Name: FUNCTION parse(query text); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.parse(query text) IS 'A query as people type it: words, "phrases", or, -without; the last word may be a beginning.';

-- Name: plain(text); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.plain(text text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $_$
  select regexp_replace($1, '[!-/:-@[-`{-~]', ' ', 'g')
$_$;

-- Name: FUNCTION plain(text text); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.plain(text text) IS 'Text whose ASCII punctuation is spaces, so that names, paths and addresses fall into their words.';

-- Name: entries; Type: TABLE; Schema: search; Owner: -

CREATE TABLE search.entries (
    id uuid NOT NULL,
    chat_id uuid NOT NULL,
    message_id uuid,
    user_id uuid NOT NULL,
    seq bigint NOT NULL,
    words tsvector NOT NULL,
    sample_level smallint GENERATED ALWAYS AS (LEAST((length((id)::text) - length(rtrim((id)::text, '0'::text))), 3)) STORED NOT NULL,
    CONSTRAINT entries_are_of_a_message_or_a_chat CHECK ((id = COALESCE(message_id, chat_id)))
);

-- Name: TABLE entries; Type: COMMENT; Schema: search; Owner: -

COMMENT ON TABLE search.entries IS 'What is found: one row a message, and one a chat for its title.';

-- Name: COLUMN entries.seq; Type: COMMENT; Schema: search; Owner: -

COMMENT ON COLUMN search.entries.seq IS 'Of the message; a title''s stands between those of the messages before and after it was given.';

-- Name: COLUMN entries.sample_level; Type: COMMENT; Schema: search; Owner: -

COMMENT ON COLUMN search.entries.sample_level IS 'From 1: one entry in 16; from 2: in 256; 3: in 4,096. To tell what is everywhere without looking everywhere.';

-- Name: sample(integer, tsquery); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.sample(level integer, looked_for tsquery) RETURNS SETOF search.entries
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  -- A statement each: a partial index is taken only where its condition is written out. Planned as
  -- the one who calls sets it: without scans, once.
  case level
    when 3 then return query select * from search.entries as entry
      where entry.sample_level >= 3 and entry.words @@ sample.looked_for limit 200;
    when 2 then return query select * from search.entries as entry
      where entry.sample_level >= 2 and entry.words @@ sample.looked_for limit 200;
    when 1 then return query select * from search.entries as entry
      where entry.sample_level >= 1 and entry.words @@ sample.looked_for limit 200;
  end case;
end
$$;

-- Name: FUNCTION sample(level integer, looked_for tsquery); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.sample(level integer, looked_for tsquery) IS 'Entries of a sample that fit a query, at most 200.';

-- Name: words(uuid, text); Type: FUNCTION; Schema: search; Owner: -

CREATE FUNCTION search.words(user_id uuid, text text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  plain constant text = search.plain(left(words.text, 100000));
  vector tsvector = to_tsvector('search.folded', plain);
begin
  if plain ~ '\S{50}' then -- of up to four bytes each
    vector = ts_delete(vector, array(select lexeme from unnest(vector) where octet_length(lexeme) > 200));
  end if;
  -- As text, where a quote behind a blank is what a word begins with, and no word holds both (a
  -- quote alone may be made of a letter such as ʼ): much faster than word by word.
  return replace(' ' || vector::text, ' ''', ' ''' || search.mine(words.user_id))::tsvector;
end
$$;

-- Name: FUNCTION words(user_id uuid, text text); Type: COMMENT; Schema: search; Owner: -

COMMENT ON FUNCTION search.words(user_id uuid, text text) IS 'The words of a text, with their places, as a user''s own.';

-- Name: folded; Type: TEXT SEARCH CONFIGURATION; Schema: search; Owner: -

CREATE TEXT SEARCH CONFIGURATION search.folded (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR asciiword WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR word WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR numword WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR hword_numpart WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR hword_part WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR hword_asciipart WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR numhword WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR asciihword WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR hword WITH extensions.unaccent, simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION search.folded
    ADD MAPPING FOR uint WITH simple;

-- Name: entries; Type: TABLE; Schema: audit; Owner: -

CREATE TABLE audit.entries (
    id bigint NOT NULL,
    done_at timestamp with time zone DEFAULT now() NOT NULL,
    operator text NOT NULL,
    login text NOT NULL,
    deed text NOT NULL,
    subject text,
    details jsonb NOT NULL,
    CONSTRAINT entries_are_short CHECK ((((length(operator) >= 1) AND (length(operator) <= 200)) AND ((length(deed) >= 1) AND (length(deed) <= 80)) AND (pg_column_size(details) <= 16384)))
);

-- Name: TABLE entries; Type: COMMENT; Schema: audit; Owner: -

COMMENT ON TABLE audit.entries IS 'One line for the beginning and one for the end of what an operator did; never changed.';

-- Name: COLUMN entries.operator; Type: COMMENT; Schema: audit; Owner: -

COMMENT ON COLUMN audit.entries.operator IS 'Who it was, as their machine told: user@host.';

-- Name: COLUMN entries.login; Type: COMMENT; Schema: audit; Owner: -

COMMENT ON COLUMN audit.entries.login IS 'The role that the database saw.';

-- Name: COLUMN entries.subject; Type: COMMENT; Schema: audit; Owner: -

COMMENT ON COLUMN audit.entries.subject IS 'The SHA-256 of a user''s id: it is found by whoever has the id, and tells nothing of a user who is gone.';

-- Name: entries_id_seq; Type: SEQUENCE; Schema: audit; Owner: -

ALTER TABLE audit.entries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: erased_chats; Type: TABLE; Schema: private; Owner: -

CREATE TABLE private.erased_chats (
    chat_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    erased_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Name: TABLE erased_chats; Type: COMMENT; Schema: private; Owner: -

COMMENT ON TABLE private.erased_chats IS 'Noted in the transaction in which a chat goes; gone when its files are. They cannot go first: until then its owner may go on with it.';

-- Name: job_outcomes; Type: TABLE; Schema: private; Owner: -

CREATE TABLE private.job_outcomes (
    job_type text NOT NULL,
    outcome text NOT NULL,
    jobs bigint DEFAULT 0 NOT NULL,
    total_seconds double precision DEFAULT 0 NOT NULL
);

-- Name: TABLE job_outcomes; Type: COMMENT; Schema: private; Owner: -

COMMENT ON TABLE private.job_outcomes IS 'How many jobs ended how, and how long they took from being asked for, all together.';

-- Name: job_runs; Type: TABLE; Schema: private; Owner: -

CREATE TABLE private.job_runs (
    job_id uuid NOT NULL,
    user_id uuid NOT NULL,
    turn integer NOT NULL,
    task_id bigint NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    token uuid,
    beat_at timestamp with time zone,
    made jsonb,
    expires_at timestamp with time zone DEFAULT (now() + '06:00:00'::interval) NOT NULL
);

-- Name: TABLE job_runs; Type: COMMENT; Schema: private; Owner: -

COMMENT ON TABLE private.job_runs IS 'One row a job that is not over; gone when it is.';

-- Name: COLUMN job_runs.turn; Type: COMMENT; Schema: private; Owner: -

COMMENT ON COLUMN private.job_runs.turn IS 'Whose turn it is: users take turns, whatever each has asked for.';

-- Name: COLUMN job_runs.token; Type: COMMENT; Schema: private; Owner: -

COMMENT ON COLUMN private.job_runs.token IS 'Of the attempt that is being made: who has another one may change nothing.';

-- Name: COLUMN job_runs.beat_at; Type: COMMENT; Schema: private; Owner: -

COMMENT ON COLUMN private.job_runs.beat_at IS 'When the worker that makes the attempt was last heard of.';

-- Name: COLUMN job_runs.made; Type: COMMENT; Schema: private; Owner: -

COMMENT ON COLUMN private.job_runs.made IS 'What the attempt is about to store, for one that takes over.';

-- Name: running_answers; Type: TABLE; Schema: private; Owner: -

CREATE TABLE private.running_answers (
    answer_id uuid NOT NULL,
    user_id uuid NOT NULL,
    replica_id uuid NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT now() NOT NULL,
    is_cancel_requested boolean DEFAULT false NOT NULL
);

-- Name: TABLE running_answers; Type: COMMENT; Schema: private; Owner: -

COMMENT ON TABLE private.running_answers IS 'One row an answer in the making; gone when it is written.';

-- Name: messages; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.messages (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    chat_id uuid NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT now(),
    user_id uuid DEFAULT auth.uid() NOT NULL,
    seq bigint NOT NULL,
    parent_id uuid,
    CONSTRAINT messages_content_has_a_length CHECK ((octet_length(content) <= 16777216)),
    CONSTRAINT messages_metadata_has_a_size CHECK ((pg_column_size(metadata) <= 1048576)),
    CONSTRAINT messages_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text])))
);

-- Name: TABLE messages; Type: COMMENT; Schema: public; Owner: -

COMMENT ON TABLE public.messages IS 'One turn of a chat.';

-- Name: COLUMN messages.metadata; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.messages.metadata IS 'Model, token counts, cost, sources, error and status of an answer.';

-- Name: COLUMN messages.seq; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.messages.seq IS 'The order in which messages were written; unlike a time it never repeats.';

-- Name: COLUMN messages.parent_id; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.messages.parent_id IS 'The message this one follows; null for the first. Versions of one turn share a parent.';

-- Name: messages_seq_seq; Type: SEQUENCE; Schema: public; Owner: -

ALTER TABLE public.messages ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.messages_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: model_configs; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.model_configs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid DEFAULT auth.uid() NOT NULL,
    name text NOT NULL,
    provider text NOT NULL,
    base_url text,
    api_key_encrypted text,
    model text NOT NULL,
    system_prompt text,
    temperature real DEFAULT 0.7,
    max_tokens integer DEFAULT 2048,
    top_p real DEFAULT 1.0,
    frequency_penalty real DEFAULT 0.0,
    presence_penalty real DEFAULT 0.0,
    is_default boolean DEFAULT false,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    key_last4 text,
    has_key boolean GENERATED ALWAYS AS ((api_key_encrypted IS NOT NULL)) STORED,
    CONSTRAINT model_configs_base_url_has_a_length CHECK ((char_length(base_url) <= 2000)),
    CONSTRAINT model_configs_default_answers CHECK ((NOT (is_default AND (provider = ANY (ARRAY['imagerouter'::text, 'tavily'::text]))))),
    CONSTRAINT model_configs_frequency_penalty_in_range CHECK (((frequency_penalty >= ('-2'::integer)::double precision) AND (frequency_penalty <= (2)::double precision))),
    CONSTRAINT model_configs_max_tokens_in_range CHECK (((max_tokens >= 1) AND (max_tokens <= 10000000))),
    CONSTRAINT model_configs_model_has_a_length CHECK (((char_length(model) >= 1) AND (char_length(model) <= 200))),
    CONSTRAINT model_configs_name_has_a_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT model_configs_presence_penalty_in_range CHECK (((presence_penalty >= ('-2'::integer)::double precision) AND (presence_penalty <= (2)::double precision))),
    CONSTRAINT model_configs_provider_has_a_length CHECK (((char_length(provider) >= 1) AND (char_length(provider) <= 60))),
    CONSTRAINT model_configs_system_prompt_has_a_length CHECK ((char_length(system_prompt) <= 100000)),
    CONSTRAINT model_configs_temperature_in_range CHECK (((temperature >= (0)::double precision) AND (temperature <= (2)::double precision))),
    CONSTRAINT model_configs_top_p_in_range CHECK (((top_p >= (0)::double precision) AND (top_p <= (1)::double precision)))
);

-- Name: TABLE model_configs; Type: COMMENT; Schema: public; Owner: -

COMMENT ON TABLE public.model_configs IS 'A provider, a model and the settings to ask it with, owned by one user.';

-- Name: COLUMN model_configs.api_key_encrypted; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.model_configs.api_key_encrypted IS 'Sealed by the functions; no client may read or write it.';

-- Name: COLUMN model_configs.key_last4; Type: COMMENT; Schema: public; Owner: -

COMMENT ON COLUMN public.model_configs.key_last4 IS 'The last four characters of the key, written together with it.';

-- Name: profiles; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.profiles (
    id uuid NOT NULL,
    full_name text,
    username text,
    bio text,
    date_of_birth date,
    profession text,
    avatar_url text,
    survey_completed boolean DEFAULT false,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    CONSTRAINT profiles_avatar_has_a_length CHECK ((char_length(avatar_url) <= 2000)),
    CONSTRAINT profiles_bio_has_a_length CHECK ((char_length(bio) <= 4000)),
    CONSTRAINT profiles_date_of_birth_in_range CHECK (((date_of_birth >= '1800-01-01'::date) AND (date_of_birth <= '9999-12-31'::date))),
    CONSTRAINT profiles_names_have_a_length CHECK (((char_length(full_name) <= 200) AND (char_length(profession) <= 200) AND ((char_length(username) >= 1) AND (char_length(username) <= 60))))
);

-- Name: TABLE profiles; Type: COMMENT; Schema: public; Owner: -

COMMENT ON TABLE public.profiles IS 'What a user tells about themselves, one row a user.';

-- Name: entries entries_pkey; Type: CONSTRAINT; Schema: audit; Owner: -

ALTER TABLE ONLY audit.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (id);

-- Name: deleted_chats deleted_chats_pkey; Type: CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.deleted_chats
    ADD CONSTRAINT deleted_chats_pkey PRIMARY KEY (id);

-- Name: erased_chats erased_chats_pkey; Type: CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.erased_chats
    ADD CONSTRAINT erased_chats_pkey PRIMARY KEY (chat_id);

-- Name: job_outcomes job_outcomes_pkey; Type: CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.job_outcomes
    ADD CONSTRAINT job_outcomes_pkey PRIMARY KEY (job_type, outcome);

-- Name: job_runs job_runs_pkey; Type: CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.job_runs
    ADD CONSTRAINT job_runs_pkey PRIMARY KEY (job_id);

-- Name: running_answers running_answers_pkey; Type: CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.running_answers
    ADD CONSTRAINT running_answers_pkey PRIMARY KEY (answer_id);

-- Name: chats chats_id_and_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chats
    ADD CONSTRAINT chats_id_and_owner UNIQUE (id, user_id);

ALTER TABLE ONLY public.chats REPLICA IDENTITY USING INDEX chats_id_and_owner;

-- Name: chats chats_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chats
    ADD CONSTRAINT chats_pkey PRIMARY KEY (id);

-- Name: jobs jobs_id_and_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_id_and_owner UNIQUE (id, user_id);

ALTER TABLE ONLY public.jobs REPLICA IDENTITY USING INDEX jobs_id_and_owner;

-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

-- Name: messages messages_id_and_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_id_and_owner UNIQUE (id, user_id);

ALTER TABLE ONLY public.messages REPLICA IDENTITY USING INDEX messages_id_and_owner;

-- Name: messages messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

-- Name: model_configs model_configs_id_and_owner; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_id_and_owner UNIQUE (id, user_id);

ALTER TABLE ONLY public.model_configs REPLICA IDENTITY USING INDEX model_configs_id_and_owner;

-- Name: model_configs model_configs_name_is_unique; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_name_is_unique UNIQUE (user_id, name);

-- Name: model_configs model_configs_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_pkey PRIMARY KEY (id);

-- Name: profiles profiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (id);

-- Name: profiles profiles_username_key; Type: CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_username_key UNIQUE (username);

-- Name: entries entries_pkey; Type: CONSTRAINT; Schema: search; Owner: -

ALTER TABLE ONLY search.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (id);

-- Name: entries_subject_idx; Type: INDEX; Schema: audit; Owner: -

CREATE INDEX entries_subject_idx ON audit.entries USING btree (subject, id);

-- Name: deleted_chats_newest_first; Type: INDEX; Schema: private; Owner: -

CREATE INDEX deleted_chats_newest_first ON private.deleted_chats USING btree (user_id, deleted_at DESC, id DESC);

-- Name: erased_chats_owner_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX erased_chats_owner_idx ON private.erased_chats USING btree (owner_id);

-- Name: job_runs_expires_at_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX job_runs_expires_at_idx ON private.job_runs USING btree (expires_at);

-- Name: job_runs_task_id_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX job_runs_task_id_idx ON private.job_runs USING btree (task_id);

-- Name: job_runs_user_id_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX job_runs_user_id_idx ON private.job_runs USING btree (user_id, turn);

-- Name: running_answers_replica_id_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX running_answers_replica_id_idx ON private.running_answers USING btree (replica_id);

-- Name: running_answers_user_id_idx; Type: INDEX; Schema: private; Owner: -

CREATE INDEX running_answers_user_id_idx ON private.running_answers USING btree (user_id);

-- Name: chats_archived_newest_first; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chats_archived_newest_first ON public.chats USING btree (user_id, updated_at DESC, id DESC) WHERE (archived_at IS NOT NULL);

-- Name: chats_model_config_id_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chats_model_config_id_idx ON public.chats USING btree (model_config_id, user_id);

-- Name: chats_newest_first; Type: INDEX; Schema: public; Owner: -

CREATE INDEX chats_newest_first ON public.chats USING btree (user_id, updated_at DESC, id DESC);

-- Name: idx_chats_user_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX idx_chats_user_id ON public.chats USING btree (user_id);

-- Name: idx_jobs_user_id_status; Type: INDEX; Schema: public; Owner: -

CREATE INDEX idx_jobs_user_id_status ON public.jobs USING btree (user_id, status);

-- Name: idx_messages_chat_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX idx_messages_chat_id ON public.messages USING btree (chat_id, user_id, seq);

-- Name: idx_model_configs_user_id; Type: INDEX; Schema: public; Owner: -

CREATE INDEX idx_model_configs_user_id ON public.model_configs USING btree (user_id);

-- Name: jobs_analysed_path_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX jobs_analysed_path_idx ON public.jobs USING btree (user_id, ((output_data ->> 'path'::text)), created_at) WHERE ((job_type = 'file_analysis'::text) AND (status = 'completed'::public.job_status));

-- Name: jobs_ended_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX jobs_ended_idx ON public.jobs USING btree (updated_at) WHERE (status = ANY (ARRAY['completed'::public.job_status, 'failed'::public.job_status]));

-- Name: jobs_input_image_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX jobs_input_image_idx ON public.jobs USING btree (((input_data ->> 'inputImage'::text))) WHERE ((input_data ->> 'inputImage'::text) IS NOT NULL);

-- Name: messages_answers_by_time; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_answers_by_time ON public.messages USING btree ((
CASE
    WHEN (role = 'assistant'::text) THEN created_at
    ELSE NULL::timestamp with time zone
END));

-- Name: messages_answers_of_a_user; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_answers_of_a_user ON public.messages USING btree (user_id, created_at) WHERE (role = 'assistant'::text);

-- Name: messages_chat_order; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX messages_chat_order ON public.messages USING btree (chat_id, seq);

-- Name: messages_parent_id_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_parent_id_idx ON public.messages USING btree (parent_id);

-- Name: messages_system_prompts; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_system_prompts ON public.messages USING btree (chat_id, seq) WHERE (role = 'system'::text);

-- Name: messages_unfinished_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_unfinished_idx ON public.messages USING btree (id) WHERE ((role = 'assistant'::text) AND ((metadata ->> 'status'::text) = 'streaming'::text));

-- Name: messages_user_id_idx; Type: INDEX; Schema: public; Owner: -

CREATE INDEX messages_user_id_idx ON public.messages USING btree (user_id);

-- Name: model_configs_one_default; Type: INDEX; Schema: public; Owner: -

CREATE UNIQUE INDEX model_configs_one_default ON public.model_configs USING btree (user_id) WHERE is_default;

-- Name: entries_newest_first; Type: INDEX; Schema: search; Owner: -

CREATE INDEX entries_newest_first ON search.entries USING btree (user_id, seq DESC);

-- Name: entries_sample_1_idx; Type: INDEX; Schema: search; Owner: -

CREATE INDEX entries_sample_1_idx ON search.entries USING gin (words) WHERE (sample_level >= 1);

-- Name: entries_sample_2_idx; Type: INDEX; Schema: search; Owner: -

CREATE INDEX entries_sample_2_idx ON search.entries USING gin (words) WHERE (sample_level >= 2);

-- Name: entries_sample_3_idx; Type: INDEX; Schema: search; Owner: -

CREATE INDEX entries_sample_3_idx ON search.entries USING gin (words) WHERE (sample_level >= 3);

-- Name: entries_words_idx; Type: INDEX; Schema: search; Owner: -

CREATE INDEX entries_words_idx ON search.entries USING gin (words);

-- Name: entries entries_stay; Type: TRIGGER; Schema: audit; Owner: -

CREATE TRIGGER entries_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- Name: chats chats_check_tip; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_check_tip BEFORE UPDATE OF current_message_id ON public.chats FOR EACH ROW WHEN ((new.current_message_id IS DISTINCT FROM old.current_message_id)) EXECUTE FUNCTION private.check_tip();

-- Name: chats chats_forget_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_forget_for_search AFTER DELETE ON public.chats REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION search.forget();

-- Name: chats chats_note_change_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_note_change_for_search AFTER UPDATE OF title ON public.chats FOR EACH ROW WHEN ((new.title IS DISTINCT FROM old.title)) EXECUTE FUNCTION search.note_title();

-- Name: chats chats_note_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_note_for_search AFTER INSERT ON public.chats FOR EACH ROW EXECUTE FUNCTION search.note_title();

-- Name: chats chats_note_who_titled; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_note_who_titled BEFORE UPDATE OF title ON public.chats FOR EACH ROW WHEN ((new.title IS DISTINCT FROM old.title)) EXECUTE FUNCTION private.note_who_titled();

-- Name: chats chats_set_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER chats_set_updated_at BEFORE UPDATE ON public.chats FOR EACH ROW WHEN ((((old.model_config_id IS NULL) OR (new.model_config_id IS NOT NULL)) AND ((NOT (old.archived_at IS DISTINCT FROM new.archived_at)) OR (old.current_message_id IS DISTINCT FROM new.current_message_id)) AND (current_setting('pocketllm.keeps_times'::text, true) IS DISTINCT FROM 'yes'::text))) EXECUTE FUNCTION private.set_updated_at();

-- Name: jobs jobs_keep_ended; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER jobs_keep_ended BEFORE UPDATE ON public.jobs FOR EACH ROW WHEN ((old.status = ANY (ARRAY['completed'::public.job_status, 'failed'::public.job_status]))) EXECUTE FUNCTION private.keep_ended_job();

-- Name: jobs jobs_queue; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER jobs_queue AFTER INSERT ON public.jobs FOR EACH ROW WHEN ((new.status = 'pending'::public.job_status)) EXECUTE FUNCTION private.queue_job();

-- Name: jobs jobs_set_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER jobs_set_updated_at BEFORE UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION private.set_updated_at();

-- Name: messages messages_forget_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_forget_for_search AFTER DELETE ON public.messages REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION search.forget();

-- Name: messages messages_hang; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_hang BEFORE INSERT ON public.messages FOR EACH ROW EXECUTE FUNCTION private.hang_message();

-- Name: messages messages_mend_branches; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_mend_branches AFTER DELETE ON public.messages REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION private.mend_branches();

-- Name: messages messages_move_tips; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_move_tips AFTER INSERT ON public.messages REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION private.move_tips();

-- Name: messages messages_note_change_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_note_change_for_search AFTER UPDATE OF content, metadata ON public.messages FOR EACH ROW WHEN ((((new.metadata ->> 'status'::text) IS DISTINCT FROM 'streaming'::text) AND ((new.content IS DISTINCT FROM old.content) OR ((old.metadata ->> 'status'::text) = 'streaming'::text)))) EXECUTE FUNCTION search.note_message();

-- Name: messages messages_note_first_seq; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_note_first_seq BEFORE INSERT ON public.messages FOR EACH STATEMENT EXECUTE FUNCTION private.note_first_seq();

-- Name: messages messages_note_for_search; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_note_for_search AFTER INSERT ON public.messages FOR EACH ROW WHEN (((new.metadata ->> 'status'::text) IS DISTINCT FROM 'streaming'::text)) EXECUTE FUNCTION search.note_message();

-- Name: messages messages_parent_is_in_the_same_chat; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER messages_parent_is_in_the_same_chat BEFORE INSERT OR UPDATE OF chat_id, parent_id ON public.messages FOR EACH ROW WHEN ((new.parent_id IS NOT NULL)) EXECUTE FUNCTION private.check_parent();

-- Name: model_configs model_configs_keep_one_default; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER model_configs_keep_one_default BEFORE INSERT OR UPDATE OF is_default ON public.model_configs FOR EACH ROW EXECUTE FUNCTION private.keep_one_default();

-- Name: model_configs model_configs_queue_for_default; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER model_configs_queue_for_default BEFORE INSERT OR UPDATE OF is_default ON public.model_configs FOR EACH STATEMENT EXECUTE FUNCTION private.queue_for_default();

-- Name: model_configs model_configs_set_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER model_configs_set_updated_at BEFORE UPDATE ON public.model_configs FOR EACH ROW EXECUTE FUNCTION private.set_updated_at();

-- Name: profiles profiles_check_username; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER profiles_check_username BEFORE INSERT OR UPDATE OF username ON public.profiles FOR EACH ROW WHEN ((new.username IS NOT NULL)) EXECUTE FUNCTION private.check_username();

-- Name: profiles profiles_set_updated_at; Type: TRIGGER; Schema: public; Owner: -

CREATE TRIGGER profiles_set_updated_at BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION private.set_updated_at();

-- Name: deleted_chats deleted_chats_user_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.deleted_chats
    ADD CONSTRAINT deleted_chats_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: erased_chats erased_chats_owner_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.erased_chats
    ADD CONSTRAINT erased_chats_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: job_runs job_runs_job_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.job_runs
    ADD CONSTRAINT job_runs_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

-- Name: job_runs job_runs_user_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.job_runs
    ADD CONSTRAINT job_runs_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: running_answers running_answers_answer_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.running_answers
    ADD CONSTRAINT running_answers_answer_id_fkey FOREIGN KEY (answer_id) REFERENCES public.messages(id) ON DELETE CASCADE;

-- Name: running_answers running_answers_user_id_fkey; Type: FK CONSTRAINT; Schema: private; Owner: -

ALTER TABLE ONLY private.running_answers
    ADD CONSTRAINT running_answers_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: chats chats_model_config_belongs_to_owner; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chats
    ADD CONSTRAINT chats_model_config_belongs_to_owner FOREIGN KEY (model_config_id, user_id) REFERENCES public.model_configs(id, user_id) ON DELETE SET NULL (model_config_id);

-- Name: chats chats_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.chats
    ADD CONSTRAINT chats_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: jobs jobs_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: messages messages_belong_to_the_owner_of_the_chat; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_belong_to_the_owner_of_the_chat FOREIGN KEY (chat_id, user_id) REFERENCES public.chats(id, user_id) ON DELETE CASCADE;

-- Name: model_configs model_configs_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.model_configs
    ADD CONSTRAINT model_configs_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: profiles profiles_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_id_fkey FOREIGN KEY (id) REFERENCES auth.users(id) ON DELETE CASCADE;

-- Name: entries; Type: ROW SECURITY; Schema: audit; Owner: -

ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY;

-- Name: deleted_chats; Type: ROW SECURITY; Schema: private; Owner: -

ALTER TABLE private.deleted_chats ENABLE ROW LEVEL SECURITY;

-- Name: deleted_chats deleted_chats_owner_all; Type: POLICY; Schema: private; Owner: -

CREATE POLICY deleted_chats_owner_all ON private.deleted_chats TO authenticated USING ((( SELECT auth.uid() AS uid) = user_id)) WITH CHECK ((( SELECT auth.uid() AS uid) = user_id));

-- Name: erased_chats; Type: ROW SECURITY; Schema: private; Owner: -

ALTER TABLE private.erased_chats ENABLE ROW LEVEL SECURITY;

-- Name: job_outcomes; Type: ROW SECURITY; Schema: private; Owner: -

ALTER TABLE private.job_outcomes ENABLE ROW LEVEL SECURITY;

-- Name: job_runs; Type: ROW SECURITY; Schema: private; Owner: -

ALTER TABLE private.job_runs ENABLE ROW LEVEL SECURITY;

-- Name: running_answers; Type: ROW SECURITY; Schema: private; Owner: -

ALTER TABLE private.running_answers ENABLE ROW LEVEL SECURITY;

-- Name: chats; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.chats ENABLE ROW LEVEL SECURITY;

-- Name: chats chats_owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY chats_owner_all ON public.chats TO authenticated USING ((( SELECT auth.uid() AS uid) = user_id)) WITH CHECK ((( SELECT auth.uid() AS uid) = user_id));

-- Name: jobs; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

-- Name: jobs jobs_owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY jobs_owner_all ON public.jobs TO authenticated USING ((( SELECT auth.uid() AS uid) = user_id)) WITH CHECK ((( SELECT auth.uid() AS uid) = user_id));

-- Name: messages; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

-- Name: messages messages_owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY messages_owner_all ON public.messages TO authenticated USING ((( SELECT auth.uid() AS uid) = user_id)) WITH CHECK ((( SELECT auth.uid() AS uid) = user_id));

-- Name: model_configs; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.model_configs ENABLE ROW LEVEL SECURITY;

-- Name: model_configs model_configs_owner_all; Type: POLICY; Schema: public; Owner: -

CREATE POLICY model_configs_owner_all ON public.model_configs TO authenticated USING ((( SELECT auth.uid() AS uid) = user_id)) WITH CHECK ((( SELECT auth.uid() AS uid) = user_id));

-- Name: profiles; Type: ROW SECURITY; Schema: public; Owner: -

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;

-- Name: profiles profiles_owner_select; Type: POLICY; Schema: public; Owner: -

CREATE POLICY profiles_owner_select ON public.profiles FOR SELECT TO authenticated USING ((( SELECT auth.uid() AS uid) = id));

-- Name: profiles profiles_owner_update; Type: POLICY; Schema: public; Owner: -

CREATE POLICY profiles_owner_update ON public.profiles FOR UPDATE TO authenticated USING ((( SELECT auth.uid() AS uid) = id)) WITH CHECK ((( SELECT auth.uid() AS uid) = id));

-- Name: entries; Type: ROW SECURITY; Schema: search; Owner: -

ALTER TABLE search.entries ENABLE ROW LEVEL SECURITY;

-- Name: SCHEMA private; Type: ACL; Schema: -; Owner: -

GRANT USAGE ON SCHEMA private TO service_role;
GRANT USAGE ON SCHEMA private TO authenticated;
GRANT USAGE ON SCHEMA private TO authenticator;

-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -

GRANT USAGE ON SCHEMA public TO anon;
GRANT USAGE ON SCHEMA public TO authenticated;
GRANT USAGE ON SCHEMA public TO service_role;

-- Name: SCHEMA search; Type: ACL; Schema: -; Owner: -

GRANT USAGE ON SCHEMA search TO authenticated;

-- Name: FUNCTION digest(user_id uuid); Type: ACL; Schema: audit; Owner: -

REVOKE ALL ON FUNCTION audit.digest(user_id uuid) FROM PUBLIC;

-- Name: FUNCTION refuse_change(); Type: ACL; Schema: audit; Owner: -

REVOKE ALL ON FUNCTION audit.refuse_change() FROM PUBLIC;

-- Name: FUNCTION act_as_user(claims text, user_id uuid); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.act_as_user(claims text, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION private.act_as_user(claims text, user_id uuid) TO authenticator;

-- Name: FUNCTION applied_migrations(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.applied_migrations() FROM PUBLIC;
GRANT ALL ON FUNCTION private.applied_migrations() TO service_role;

-- Name: FUNCTION as_uuid(text text); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.as_uuid(text text) FROM PUBLIC;

-- Name: FUNCTION asset_kinds(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.asset_kinds() FROM PUBLIC;

-- Name: FUNCTION assets_of(user_id uuid); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.assets_of(user_id uuid) FROM PUBLIC;

-- Name: FUNCTION begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer) FROM PUBLIC;
GRANT ALL ON FUNCTION private.begin_answer(claims text, user_id uuid, chat_id uuid, prompt_id uuid, prompt text, prompt_metadata jsonb, prompt_parent_id uuid, answer_id uuid, answer_parent_id uuid, metadata jsonb, replica_id uuid, max_running integer) TO authenticator;

-- Name: FUNCTION check_parent(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.check_parent() FROM PUBLIC;

-- Name: FUNCTION check_tip(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.check_tip() FROM PUBLIC;

-- Name: FUNCTION check_username(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.check_username() FROM PUBLIC;

-- Name: FUNCTION create_profile(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.create_profile() FROM PUBLIC;

-- Name: FUNCTION defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION private.defer_task(job_id uuid, user_id uuid, turn integer, due_at timestamp with time zone) TO service_role;

-- Name: FUNCTION finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION private.finish_answer(claims text, user_id uuid, answer_id uuid, content text, metadata jsonb) TO authenticator;

-- Name: FUNCTION hang_message(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.hang_message() FROM PUBLIC;

-- Name: FUNCTION is_plain_asset_path(name text); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.is_plain_asset_path(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION private.is_plain_asset_path(name text) TO authenticated;
GRANT ALL ON FUNCTION private.is_plain_asset_path(name text) TO service_role;

-- Name: FUNCTION is_own_asset(name text, user_id uuid); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.is_own_asset(name text, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION private.is_own_asset(name text, user_id uuid) TO authenticated;
GRANT ALL ON FUNCTION private.is_own_asset(name text, user_id uuid) TO service_role;

-- Name: FUNCTION is_writable_asset(name text, user_id uuid); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.is_writable_asset(name text, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION private.is_writable_asset(name text, user_id uuid) TO authenticated;
GRANT ALL ON FUNCTION private.is_writable_asset(name text, user_id uuid) TO service_role;

-- Name: FUNCTION keep_ended_job(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.keep_ended_job() FROM PUBLIC;

-- Name: FUNCTION keep_one_default(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.keep_one_default() FROM PUBLIC;

-- Name: FUNCTION load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer) FROM PUBLIC;
GRANT ALL ON FUNCTION private.load_question(claims text, user_id uuid, chat_id uuid, named_id uuid, named_role text, max_messages integer) TO authenticator;

-- Name: FUNCTION mend_branches(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.mend_branches() FROM PUBLIC;

-- Name: FUNCTION move_tips(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.move_tips() FROM PUBLIC;

-- Name: FUNCTION note_first_seq(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.note_first_seq() FROM PUBLIC;

-- Name: FUNCTION note_outcome(job_type text, outcome text, asked_at timestamp with time zone); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.note_outcome(job_type text, outcome text, asked_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION private.note_outcome(job_type text, outcome text, asked_at timestamp with time zone) TO service_role;

-- Name: FUNCTION note_who_titled(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.note_who_titled() FROM PUBLIC;

-- Name: FUNCTION purge_jobs(before timestamp with time zone, max_jobs integer); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.purge_jobs(before timestamp with time zone, max_jobs integer) FROM PUBLIC;
GRANT ALL ON FUNCTION private.purge_jobs(before timestamp with time zone, max_jobs integer) TO service_role;

-- Name: FUNCTION put_chat(chat jsonb); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.put_chat(chat jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION private.put_chat(chat jsonb) TO authenticated;

-- Name: FUNCTION put_messages(chat_id uuid, messages jsonb, tip uuid); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.put_messages(chat_id uuid, messages jsonb, tip uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION private.put_messages(chat_id uuid, messages jsonb, tip uuid) TO authenticated;

-- Name: FUNCTION queue_for_default(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.queue_for_default() FROM PUBLIC;

-- Name: FUNCTION queue_job(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.queue_job() FROM PUBLIC;

-- Name: FUNCTION set_updated_at(); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.set_updated_at() FROM PUBLIC;

-- Name: FUNCTION tend_jobs(silence_seconds double precision); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.tend_jobs(silence_seconds double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION private.tend_jobs(silence_seconds double precision) TO service_role;

-- Name: FUNCTION vault_secret(name text); Type: ACL; Schema: private; Owner: -

REVOKE ALL ON FUNCTION private.vault_secret(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION private.vault_secret(name text) TO service_role;

-- Name: TABLE jobs; Type: ACL; Schema: public; Owner: -

GRANT SELECT,DELETE ON TABLE public.jobs TO authenticated;
GRANT ALL ON TABLE public.jobs TO service_role;

-- Name: COLUMN jobs.id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(id) ON TABLE public.jobs TO authenticated;

-- Name: COLUMN jobs.user_id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(user_id) ON TABLE public.jobs TO authenticated;

-- Name: COLUMN jobs.job_type; Type: ACL; Schema: public; Owner: -

GRANT INSERT(job_type) ON TABLE public.jobs TO authenticated;

-- Name: COLUMN jobs.input_data; Type: ACL; Schema: public; Owner: -

GRANT INSERT(input_data) ON TABLE public.jobs TO authenticated;

-- Name: FUNCTION admin_cancel_job(job_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_cancel_job(job_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_cancel_job(job_id uuid) TO service_role;

-- Name: TABLE deleted_chats; Type: ACL; Schema: private; Owner: -

GRANT SELECT,DELETE ON TABLE private.deleted_chats TO authenticated;
GRANT ALL ON TABLE private.deleted_chats TO service_role;

-- Name: COLUMN deleted_chats.id; Type: ACL; Schema: private; Owner: -

GRANT INSERT(id) ON TABLE private.deleted_chats TO authenticated;

-- Name: COLUMN deleted_chats.title; Type: ACL; Schema: private; Owner: -

GRANT INSERT(title) ON TABLE private.deleted_chats TO authenticated;

-- Name: COLUMN deleted_chats.message_count; Type: ACL; Schema: private; Owner: -

GRANT INSERT(message_count) ON TABLE private.deleted_chats TO authenticated;

-- Name: COLUMN deleted_chats.content; Type: ACL; Schema: private; Owner: -

GRANT INSERT(content) ON TABLE private.deleted_chats TO authenticated;

-- Name: FUNCTION admin_deleted_chats(user_id uuid, after uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_deleted_chats(user_id uuid, after uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_deleted_chats(user_id uuid, after uuid, most integer) TO service_role;

-- Name: FUNCTION admin_entries(subject uuid, before bigint, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_entries(subject uuid, before bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_entries(subject uuid, before bigint, most integer) TO service_role;

-- Name: FUNCTION admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_erase_chats(chat_ids uuid[], before timestamp with time zone, most integer) TO service_role;

-- Name: FUNCTION admin_erase_rows(user_id uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_erase_rows(user_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_erase_rows(user_id uuid, most integer) TO service_role;

-- Name: FUNCTION admin_erased_chats(user_id uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_erased_chats(user_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_erased_chats(user_id uuid, most integer) TO service_role;

-- Name: FUNCTION admin_files_gone(chat_ids uuid[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_files_gone(chat_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_files_gone(chat_ids uuid[]) TO service_role;

-- Name: FUNCTION admin_footprint(user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_footprint(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_footprint(user_id uuid) TO service_role;

-- Name: FUNCTION admin_forget_deleted(before timestamp with time zone, user_id uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_forget_deleted(before timestamp with time zone, user_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_forget_deleted(before timestamp with time zone, user_id uuid, most integer) TO service_role;

-- Name: FUNCTION admin_garbage(grace_seconds double precision, after text, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_garbage(grace_seconds double precision, after text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_garbage(grace_seconds double precision, after text, most integer) TO service_role;

-- Name: FUNCTION admin_missing(grace_seconds double precision, after uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_missing(grace_seconds double precision, after uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_missing(grace_seconds double precision, after uuid, most integer) TO service_role;

-- Name: FUNCTION admin_note(deed text, operator text, subject uuid, details jsonb); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_note(deed text, operator text, subject uuid, details jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_note(deed text, operator text, subject uuid, details jsonb) TO service_role;

-- Name: FUNCTION admin_objects(user_id uuid, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_objects(user_id uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_objects(user_id uuid, most integer) TO service_role;

-- Name: FUNCTION admin_old(before timestamp with time zone, user_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_old(before timestamp with time zone, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_old(before timestamp with time zone, user_id uuid) TO service_role;

-- Name: FUNCTION admin_stats(since timestamp with time zone, until timestamp with time zone, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_stats(since timestamp with time zone, until timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_stats(since timestamp with time zone, until timestamp with time zone, most integer) TO service_role;

-- Name: FUNCTION admin_storage_usage(after text, most integer); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_storage_usage(after text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_storage_usage(after text, most integer) TO service_role;

-- Name: FUNCTION admin_totals(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.admin_totals() FROM PUBLIC;
GRANT ALL ON FUNCTION public.admin_totals() TO service_role;

-- Name: FUNCTION cancel_job(job_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.cancel_job(job_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.cancel_job(job_id uuid) TO authenticated;

-- Name: FUNCTION delete_chats(chat_ids uuid[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.delete_chats(chat_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_chats(chat_ids uuid[]) TO authenticated;

-- Name: FUNCTION deleted_chats(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.deleted_chats() FROM PUBLIC;
GRANT ALL ON FUNCTION public.deleted_chats() TO authenticated;

-- Name: TABLE chats; Type: ACL; Schema: public; Owner: -

GRANT SELECT,DELETE ON TABLE public.chats TO authenticated;
GRANT ALL ON TABLE public.chats TO service_role;

-- Name: COLUMN chats.id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(id) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.user_id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(user_id) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.model_config_id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(model_config_id),UPDATE(model_config_id) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.title; Type: ACL; Schema: public; Owner: -

GRANT INSERT(title),UPDATE(title) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.current_message_id; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(current_message_id) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.title_by; Type: ACL; Schema: public; Owner: -

GRANT INSERT(title_by),UPDATE(title_by) ON TABLE public.chats TO authenticated;

-- Name: COLUMN chats.archived_at; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(archived_at) ON TABLE public.chats TO authenticated;

-- Name: FUNCTION fork_chat(chat_id uuid, at_message_id uuid, title text); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.fork_chat(chat_id uuid, at_message_id uuid, title text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.fork_chat(chat_id uuid, at_message_id uuid, title text) TO authenticated;

-- Name: FUNCTION import_chat(chat jsonb, messages jsonb); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.import_chat(chat jsonb, messages jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.import_chat(chat jsonb, messages jsonb) TO authenticated;

-- Name: FUNCTION import_chats(chats jsonb); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.import_chats(chats jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.import_chats(chats jsonb) TO authenticated;

-- Name: FUNCTION import_jobs(jobs jsonb); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.import_jobs(jobs jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.import_jobs(jobs jsonb) TO authenticated;

-- Name: FUNCTION import_messages(chat_id uuid, messages jsonb, tip uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.import_messages(chat_id uuid, messages jsonb, tip uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.import_messages(chat_id uuid, messages jsonb, tip uuid) TO authenticated;

-- Name: FUNCTION restore_chats(chat_ids uuid[]); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.restore_chats(chat_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.restore_chats(chat_ids uuid[]) TO authenticated;

-- Name: FUNCTION retry_job(job_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.retry_job(job_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.retry_job(job_id uuid) TO authenticated;

-- Name: FUNCTION search_messages(query text, max_results integer, after_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.search_messages(query text, max_results integer, after_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_messages(query text, max_results integer, after_id uuid) TO authenticated;

-- Name: FUNCTION self_check(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.self_check() FROM PUBLIC;
GRANT ALL ON FUNCTION public.self_check() TO authenticated;

-- Name: FUNCTION show_version(message_id uuid); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.show_version(message_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.show_version(message_id uuid) TO authenticated;

-- Name: FUNCTION usage("grouping" text, since timestamp with time zone); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.usage("grouping" text, since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.usage("grouping" text, since timestamp with time zone) TO authenticated;

-- Name: FUNCTION worker_check(); Type: ACL; Schema: public; Owner: -

REVOKE ALL ON FUNCTION public.worker_check() FROM PUBLIC;
GRANT ALL ON FUNCTION public.worker_check() TO authenticated;

-- Name: FUNCTION candidates(query text); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.candidates(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.candidates(query text) TO authenticated;

-- Name: FUNCTION forget(); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.forget() FROM PUBLIC;

-- Name: FUNCTION mine(user_id uuid); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.mine(user_id uuid) FROM PUBLIC;

-- Name: FUNCTION note_message(); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.note_message() FROM PUBLIC;

-- Name: FUNCTION note_title(); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.note_title() FROM PUBLIC;

-- Name: FUNCTION parse(query text); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.parse(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.parse(query text) TO authenticated;

-- Name: FUNCTION plain(text text); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.plain(text text) FROM PUBLIC;
GRANT ALL ON FUNCTION search.plain(text text) TO authenticated;

-- Name: FUNCTION sample(level integer, looked_for tsquery); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.sample(level integer, looked_for tsquery) FROM PUBLIC;

-- Name: FUNCTION words(user_id uuid, text text); Type: ACL; Schema: search; Owner: -

REVOKE ALL ON FUNCTION search.words(user_id uuid, text text) FROM PUBLIC;

-- Name: TABLE erased_chats; Type: ACL; Schema: private; Owner: -

GRANT SELECT,INSERT,DELETE ON TABLE private.erased_chats TO service_role;

-- Name: TABLE job_outcomes; Type: ACL; Schema: private; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE private.job_outcomes TO service_role;

-- Name: TABLE job_runs; Type: ACL; Schema: private; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE private.job_runs TO service_role;

-- Name: TABLE running_answers; Type: ACL; Schema: private; Owner: -

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE private.running_answers TO service_role;

-- Name: TABLE messages; Type: ACL; Schema: public; Owner: -

GRANT SELECT,DELETE ON TABLE public.messages TO authenticated;
GRANT ALL ON TABLE public.messages TO service_role;

-- Name: COLUMN messages.id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(id) ON TABLE public.messages TO authenticated;

-- Name: COLUMN messages.chat_id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(chat_id) ON TABLE public.messages TO authenticated;

-- Name: COLUMN messages.role; Type: ACL; Schema: public; Owner: -

GRANT INSERT(role) ON TABLE public.messages TO authenticated;

-- Name: COLUMN messages.content; Type: ACL; Schema: public; Owner: -

GRANT INSERT(content),UPDATE(content) ON TABLE public.messages TO authenticated;

-- Name: COLUMN messages.metadata; Type: ACL; Schema: public; Owner: -

GRANT INSERT(metadata),UPDATE(metadata) ON TABLE public.messages TO authenticated;

-- Name: COLUMN messages.parent_id; Type: ACL; Schema: public; Owner: -

GRANT INSERT(parent_id) ON TABLE public.messages TO authenticated;

-- Name: SEQUENCE messages_seq_seq; Type: ACL; Schema: public; Owner: -

GRANT USAGE ON SEQUENCE public.messages_seq_seq TO authenticated;
GRANT USAGE ON SEQUENCE public.messages_seq_seq TO service_role;

-- Name: TABLE model_configs; Type: ACL; Schema: public; Owner: -

GRANT DELETE ON TABLE public.model_configs TO authenticated;
GRANT ALL ON TABLE public.model_configs TO service_role;

-- Name: COLUMN model_configs.id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(id),INSERT(id),UPDATE(id) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.user_id; Type: ACL; Schema: public; Owner: -

GRANT SELECT(user_id),INSERT(user_id) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.name; Type: ACL; Schema: public; Owner: -

GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.provider; Type: ACL; Schema: public; Owner: -

GRANT SELECT(provider),INSERT(provider),UPDATE(provider) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.base_url; Type: ACL; Schema: public; Owner: -

GRANT SELECT(base_url),INSERT(base_url),UPDATE(base_url) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.model; Type: ACL; Schema: public; Owner: -

GRANT SELECT(model),INSERT(model),UPDATE(model) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.system_prompt; Type: ACL; Schema: public; Owner: -

GRANT SELECT(system_prompt),INSERT(system_prompt),UPDATE(system_prompt) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.temperature; Type: ACL; Schema: public; Owner: -

GRANT SELECT(temperature),INSERT(temperature),UPDATE(temperature) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.max_tokens; Type: ACL; Schema: public; Owner: -

GRANT SELECT(max_tokens),INSERT(max_tokens),UPDATE(max_tokens) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.top_p; Type: ACL; Schema: public; Owner: -

GRANT SELECT(top_p),INSERT(top_p),UPDATE(top_p) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.frequency_penalty; Type: ACL; Schema: public; Owner: -

GRANT SELECT(frequency_penalty),INSERT(frequency_penalty),UPDATE(frequency_penalty) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.presence_penalty; Type: ACL; Schema: public; Owner: -

GRANT SELECT(presence_penalty),INSERT(presence_penalty),UPDATE(presence_penalty) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.is_default; Type: ACL; Schema: public; Owner: -

GRANT SELECT(is_default),INSERT(is_default),UPDATE(is_default) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.created_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(created_at) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.updated_at; Type: ACL; Schema: public; Owner: -

GRANT SELECT(updated_at) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.key_last4; Type: ACL; Schema: public; Owner: -

GRANT SELECT(key_last4) ON TABLE public.model_configs TO authenticated;

-- Name: COLUMN model_configs.has_key; Type: ACL; Schema: public; Owner: -

GRANT SELECT(has_key) ON TABLE public.model_configs TO authenticated;

-- Name: TABLE profiles; Type: ACL; Schema: public; Owner: -

GRANT SELECT ON TABLE public.profiles TO authenticated;
GRANT ALL ON TABLE public.profiles TO service_role;

-- Name: COLUMN profiles.full_name; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(full_name) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.username; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(username) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.bio; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(bio) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.date_of_birth; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(date_of_birth) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.profession; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(profession) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.avatar_url; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(avatar_url) ON TABLE public.profiles TO authenticated;

-- Name: COLUMN profiles.survey_completed; Type: ACL; Schema: public; Owner: -

GRANT UPDATE(survey_completed) ON TABLE public.profiles TO authenticated;
