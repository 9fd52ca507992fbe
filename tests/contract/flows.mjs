// Everything PocketLLM does with its backend, through an unmodified supabase-js.
// Prints one line of JSON for each step, of the same shape as those of `flows.py`.

import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

// Not `import`: that looks nowhere but beside this file.
const { createClient } = createRequire(import.meta.url)("@supabase/supabase-js");

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, MAIL_FOLDER, PROVIDER_URL, EMAIL } = process.env;
const PASSWORD = "correct horse battery";
const NEW_PASSWORD = "staple horse battery";

const supabase = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, {
  auth: { autoRefreshToken: false, persistSession: false },
});

function tell(step, result) {
  console.log(JSON.stringify({ step, ...result }));
}

async function data(request) {
  const { data, error } = await request;
  if (error) throw error;
  return data;
}

async function newestMail(kind) {
  for (const name of (await readdir(MAIL_FOLDER)).sort().reverse()) {
    const mail = JSON.parse(await readFile(path.join(MAIL_FOLDER, name), "utf8"));
    if (mail.to === EMAIL && mail.kind === kind) return mail;
  }
  throw new Error(`no mail: ${kind}`);
}

// Joins a channel, lets `act` happen once `isReady`, and gives what `follow` was told.
async function hear(channel, follow, act, isReady = Promise.resolve()) {
  const heard = new Promise((resolve) => follow(resolve));
  await new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
  });
  await isReady;
  await act();
  const told = await heard;
  await supabase.removeChannel(channel);
  return told;
}

async function authFlow() {
  const { user } = await data(supabase.auth.signUp({ email: EMAIL, password: PASSWORD }));
  tell("sign up", { email: user.email });

  const credentials = { email: EMAIL, password: PASSWORD };
  const { session } = await data(supabase.auth.signInWithPassword(credentials));
  tell("sign in", { email: session.user.email, type: session.token_type });

  const { session: next } = await data(supabase.auth.refreshSession());
  const isNew = next.refresh_token !== session.refresh_token;
  tell("refresh", { is_new: isNew, is_same_user: next.user.id === session.user.id });

  await data(supabase.auth.updateUser({ data: { theme: "dark" } }));
  tell("update user", { metadata: (await data(supabase.auth.getUser())).user.user_metadata });

  await data(supabase.auth.resetPasswordForEmail(EMAIL));
  const { code } = await newestMail("recovery");
  await data(supabase.auth.verifyOtp({ email: EMAIL, token: code, type: "recovery" }));
  await data(supabase.auth.updateUser({ password: NEW_PASSWORD }));
  const old = await supabase.auth.signInWithPassword(credentials);
  await data(supabase.auth.signInWithPassword({ email: EMAIL, password: NEW_PASSWORD }));
  tell("recover", { old_password: old.error.code });
  return user.id;
}

async function profileFlow(userId) {
  const change = supabase.from("profiles").update({ full_name: "Ada" }).eq("id", userId);
  const profile = await data(change.select("id, full_name").single());
  tell("profile", { is_own: profile.id === userId, full_name: profile.full_name });
}

async function modelConfigFlow() {
  const body = {
    name: "mine",
    provider: "openai-compatible",
    model: "any",
    base_url: PROVIDER_URL,
    api_key: "sk-of-a-test",
    is_default: true,
  };
  const { id } = await data(supabase.functions.invoke("model-configs", { body }));
  const columns = "name, provider, model, is_default";
  const shown = await data(supabase.from("model_configs").select(columns).eq("id", id).single());
  const secret = await supabase.from("model_configs").select("api_key_encrypted");
  tell("model config", { shown, key: secret.error.code });
  return id;
}

async function chatFlow(configId) {
  const row = { title: "Draft", model_config_id: configId };
  const { id } = await data(supabase.from("chats").insert(row).select().single());
  await data(supabase.from("chats").update({ title: "Zebras" }).eq("id", id));
  const said = ["Do zebrafish sleep?", "They do.", "Oops"];
  const roles = ["user", "assistant", "user"];
  const messages = said.map((content, place) => ({ chat_id: id, role: roles[place], content }));
  await data(supabase.from("messages").insert(messages));
  await data(supabase.from("messages").delete().eq("chat_id", id).eq("content", "Oops"));
  const nested = supabase.from("chats").select("title, messages(role, content)").eq("id", id);
  const order = { referencedTable: "messages" };
  tell("chat", { shown: await data(nested.order("seq", order).single()) });
  return id;
}

async function realtimeFlow(chatId) {
  const table = { schema: "public", table: "messages", filter: `chat_id=eq.${chatId}` };
  const changes = supabase.channel("changes");
  // A channel is joined before the changes begin to come: a system message says when they do.
  const isFollowing = new Promise((resolve) => changes.on("system", {}, resolve));
  const change = await hear(
    changes,
    (resolve) => changes.on("postgres_changes", { event: "INSERT", ...table }, resolve),
    () => data(supabase.from("messages").insert({ chat_id: chatId, role: "user", content: "Hear" })),
    isFollowing,
  );
  tell("change", { event: change.eventType, content: change.new.content });

  const own = supabase.channel("own", { config: { broadcast: { self: true } } });
  const told = await hear(
    own,
    (resolve) => own.on("broadcast", { event: "typing" }, resolve),
    () => own.send({ type: "broadcast", event: "typing", payload: { chat: 1 } }),
  );
  tell("broadcast", { event: told.event, payload: told.payload });
}

async function askFlow(chatId) {
  const body = { chatId, prompt: "And horses?" };
  const answer = await data(supabase.functions.invoke("chat-request", { body }));
  const stored = supabase.from("messages").select("content").eq("id", answer.id).single();
  tell("ask", {
    role: answer.role,
    status: answer.metadata.status,
    is_stored: (await data(stored)).content === answer.content,
    content: answer.content,
  });
}

async function wholeChatFlow(chatId) {
  const found = await data(supabase.rpc("search_messages", { query: "zebraf" }));
  tell("search", { is_here: found[0].chat_id === chatId, snippet: found[0].snippet });

  const fork = await data(supabase.rpc("fork_chat", { chat_id: chatId, title: "Fork" }));
  const counted = supabase.from("messages").select("*", { count: "exact", head: true });
  tell("fork", { title: fork.title, message_count: (await counted.eq("chat_id", fork.id)).count });

  const gone = await data(supabase.rpc("delete_chats", { chat_ids: [fork.id] }));
  const left = await data(supabase.from("chats").select("title"));
  tell("delete", { is_fork: gone.length === 1 && gone[0] === fork.id, left });
  const back = await data(supabase.rpc("restore_chats", { chat_ids: [fork.id] }));
  tell("restore", { titles: back.map((chat) => chat.title) });
}

async function fileFlow(userId, chatId) {
  const files = supabase.storage.from("user_assets");
  const folder = `private/user_files/${userId}/${chatId}`;
  const file = `${folder}/notes.txt`;
  await data(files.upload(file, Buffer.from("striped"), { contentType: "text/plain" }));
  const names = (await data(files.list(folder))).map((row) => row.name);
  const content = await (await data(files.download(file))).text();
  const { signedUrl } = await data(files.createSignedUrl(file, 60));
  const response = await fetch(signedUrl);
  const signed = { content: await response.text(), type: response.headers.get("content-type") };
  const body = { chatId, prompt: "What is in it?", attachments: [file] };
  const answer = await data(supabase.functions.invoke("chat-request", { body }));
  tell("ask about a file", { status: answer.metadata.status });
  await data(files.remove([file]));
  tell("file", { names, content, signed, left: (await data(files.list(folder))).length });

  const elsewhere = `private/user_files/${chatId}/${chatId}/notes.txt`;
  const { error } = await files.upload(elsewhere, Buffer.from("x"), { contentType: "text/plain" });
  tell("file of somebody else", { message: error.message });
}

async function signOutFlow() {
  const { session } = await data(supabase.auth.getSession());
  const { error } = await supabase.auth.signOut();
  if (error) throw error;
  const again = await supabase.auth.refreshSession({ refresh_token: session.refresh_token });
  const chats = await supabase.from("chats").select("id");
  tell("sign out", { refresh: again.error.code, chats: chats.error?.code ?? chats.data });
}

const userId = await authFlow();
await profileFlow(userId);
const chatId = await chatFlow(await modelConfigFlow());
await realtimeFlow(chatId);
await askFlow(chatId);
await wholeChatFlow(chatId);
await fileFlow(userId, chatId);
await signOutFlow();
process.exit(); // timers of the client would keep the program for another ten seconds and more
