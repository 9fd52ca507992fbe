"""Everything PocketLLM does with its backend, through an unmodified supabase-py.

Prints one line of JSON for each step, of the same shape as those of `flows.mjs`.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from realtime import AsyncRealtimeChannel, RealtimeSubscribeStates
from storage3.exceptions import StorageApiError
from supabase import (
    AsyncClient,
    AsyncClientOptions,
    AuthApiError,
    PostgrestAPIError,
    create_async_client,
)

EMAIL = os.environ["EMAIL"]
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple horse battery"


def tell(step: str, **result: Any) -> None:
    print(json.dumps({"step": step} | result), flush=True)


def newest_mail(kind: str) -> Any:
    for path in sorted(Path(os.environ["MAIL_FOLDER"]).iterdir(), reverse=True):
        mail = json.loads(path.read_text(encoding="utf-8"))
        if (mail["to"], mail["kind"]) == (EMAIL, kind):
            return mail
    raise LookupError(kind)


async def hear(
    channel: AsyncRealtimeChannel,
    heard: "asyncio.Future[Any]",
    act: Callable[[], Awaitable[Any]],
    ready: "asyncio.Future[Any] | None" = None,
) -> Any:
    """Join, let something happen once it is ready, and return what was heard."""
    joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def note(state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if joined.done():
            return
        if state is RealtimeSubscribeStates.SUBSCRIBED:
            joined.set_result(None)
        elif state is not RealtimeSubscribeStates.CLOSED:
            joined.set_exception(error or ConnectionError(state))

    await channel.subscribe(note)
    await joined
    if ready is not None:
        await ready
    await act()
    told = await heard
    await channel.unsubscribe()
    return told


async def auth_flow(supabase: AsyncClient) -> str:
    auth: Any = supabase.auth
    user = (await auth.sign_up({"email": EMAIL, "password": PASSWORD})).user
    tell("sign up", email=user.email)

    credentials = {"email": EMAIL, "password": PASSWORD}
    session = (await auth.sign_in_with_password(credentials)).session
    tell("sign in", email=session.user.email, type=session.token_type)

    fresh = (await auth.refresh_session()).session
    is_new = fresh.refresh_token != session.refresh_token
    tell("refresh", is_new=is_new, is_same_user=fresh.user.id == session.user.id)

    await auth.update_user({"data": {"theme": "dark"}})
    tell("update user", metadata=(await auth.get_user()).user.user_metadata)

    await auth.reset_password_for_email(EMAIL)
    code = newest_mail("recovery")["code"]
    await auth.verify_otp({"email": EMAIL, "token": code, "type": "recovery"})
    await auth.update_user({"password": NEW_PASSWORD})
    refused = await auth_error(auth.sign_in_with_password(credentials))
    await auth.sign_in_with_password({"email": EMAIL, "password": NEW_PASSWORD})
    tell("recover", old_password=refused)
    return str(user.id)


async def auth_error(request: Awaitable[Any]) -> str | None:
    try:
        await request
    except AuthApiError as error:
        return error.code
    return None


async def rest_error(request: Any) -> str | None:
    try:
        await request.execute()
    except PostgrestAPIError as error:
        return error.code
    return None


async def profile_flow(supabase: AsyncClient, user_id: str) -> None:
    change = supabase.table("profiles").update({"full_name": "Ada"}).eq("id", user_id)
    profile: Any = (await change.execute()).data[0]
    tell("profile", is_own=profile["id"] == user_id, full_name=profile["full_name"])


async def model_config_flow(supabase: AsyncClient) -> str:
    body = {
        "name": "mine",
        "provider": "openai-compatible",
        "model": "any",
        "base_url": os.environ["PROVIDER_URL"],
        "api_key": "sk-of-a-test",
        "is_default": True,
    }
    options = {"body": body, "responseType": "json"}
    made: Any = await supabase.functions.invoke("model-configs", options)
    configs = supabase.table("model_configs")
    query = configs.select("name, provider, model, is_default").eq("id", made["id"]).single()
    shown = (await query.execute()).data
    tell("model config", shown=shown, key=await rest_error(configs.select("api_key_encrypted")))
    return str(made["id"])


async def chat_flow(supabase: AsyncClient, config_id: str) -> str:
    chats, messages = supabase.table("chats"), supabase.table("messages")
    row = {"title": "Draft", "model_config_id": config_id}
    inserted: Any = (await chats.insert(row).execute()).data
    chat_id = str(inserted[0]["id"])
    await chats.update({"title": "Zebras"}).eq("id", chat_id).execute()
    said = [("user", "Do zebrafish sleep?"), ("assistant", "They do."), ("user", "Oops")]
    await messages.insert(
        [{"chat_id": chat_id, "role": role, "content": content} for role, content in said]
    ).execute()
    await messages.delete().eq("chat_id", chat_id).eq("content", "Oops").execute()
    nested = chats.select("title, messages(role, content)").eq("id", chat_id)
    shown = await nested.order("seq", foreign_table="messages").single().execute()
    tell("chat", shown=shown.data)
    return chat_id


async def realtime_flow(supabase: AsyncClient, chat_id: str) -> None:
    new_future = asyncio.get_running_loop().create_future
    changed, following, told = new_future(), new_future(), new_future()
    row = {"chat_id": chat_id, "role": "user", "content": "Hear"}
    changes: Any = supabase.channel("changes")
    changes.on_postgres_changes(
        "INSERT", changed.set_result, table="messages", filter=f"chat_id=eq.{chat_id}"
    )
    # A channel is joined before the changes begin to come: a system message says when they do.
    changes.on_system(following.set_result)
    insert = supabase.table("messages").insert(row).execute
    change = (await hear(changes, changed, insert, following))["data"]
    tell("change", event=change["type"], content=change["record"]["content"])

    to_self: Any = {"config": {"broadcast": {"ack": False, "self": True}}}
    own: Any = supabase.channel("own", to_self)
    own.on_broadcast("typing", told.set_result)
    message = await hear(own, told, lambda: own.send_broadcast("typing", {"chat": 1}))
    tell("broadcast", event=message["event"], payload=message["payload"])


async def ask_flow(supabase: AsyncClient, chat_id: str) -> None:
    body = {"chatId": chat_id, "prompt": "And horses?"}
    options = {"body": body, "responseType": "json"}
    answer: Any = await supabase.functions.invoke("chat-request", options)
    query = supabase.table("messages").select("content").eq("id", answer["id"]).single()
    stored: Any = (await query.execute()).data
    tell(
        "ask",
        role=answer["role"],
        status=answer["metadata"]["status"],
        is_stored=stored["content"] == answer["content"],
        content=answer["content"],
    )


async def whole_chat_flow(supabase: AsyncClient, chat_id: str) -> None:
    found: Any = (await supabase.rpc("search_messages", {"query": "zebraf"}).execute()).data
    tell("search", is_here=found[0]["chat_id"] == chat_id, snippet=found[0]["snippet"])

    wanted = {"chat_id": chat_id, "title": "Fork"}
    fork: Any = (await supabase.rpc("fork_chat", wanted).execute()).data
    copied = supabase.table("messages").select("*", count="exact", head=True)  # type: ignore[arg-type]
    count = (await copied.eq("chat_id", fork["id"]).execute()).count
    tell("fork", title=fork["title"], message_count=count)

    chats = {"chat_ids": [fork["id"]]}
    gone = (await supabase.rpc("delete_chats", chats).execute()).data
    left = (await supabase.table("chats").select("title").execute()).data
    tell("delete", is_fork=gone == chats["chat_ids"], left=left)
    back: Any = (await supabase.rpc("restore_chats", chats).execute()).data
    tell("restore", titles=[chat["title"] for chat in back])


async def file_flow(supabase: AsyncClient, user_id: str, chat_id: str) -> None:
    files: Any = supabase.storage.from_("user_assets")
    folder = f"private/user_files/{user_id}/{chat_id}"
    file, plain = f"{folder}/notes.txt", {"content-type": "text/plain"}
    await files.upload(file, b"striped", plain)
    names = [row["name"] for row in await files.list(folder)]
    content = (await files.download(file)).decode()
    url = (await files.create_signed_url(file, 60))["signedURL"]
    async with httpx.AsyncClient() as http:
        response = await http.get(url)
    signed = {"content": response.text, "type": response.headers["content-type"]}
    body = {"chatId": chat_id, "prompt": "What is in it?", "attachments": [file]}
    options = {"body": body, "responseType": "json"}
    answer: Any = await supabase.functions.invoke("chat-request", options)
    tell("ask about a file", status=answer["metadata"]["status"])
    await files.remove([file])
    tell("file", names=names, content=content, signed=signed, left=len(await files.list(folder)))

    try:
        await files.upload(f"private/user_files/{chat_id}/{chat_id}/notes.txt", b"x", plain)
    except StorageApiError as error:
        tell("file of somebody else", message=error.message)


async def sign_out_flow(supabase: AsyncClient) -> None:
    session = await supabase.auth.get_session()
    assert session is not None, "still signed in"
    await supabase.auth.sign_out()
    refused = await auth_error(supabase.auth.refresh_session(session.refresh_token))
    tell("sign out", refresh=refused, chats=await rest_error(supabase.table("chats").select("id")))


async def main() -> None:
    supabase = await create_async_client(
        os.environ["SUPABASE_URL"],
        os.environ["SUPABASE_PUBLISHABLE_KEY"],
        AsyncClientOptions(auto_refresh_token=False, persist_session=False),
    )
    user_id = await auth_flow(supabase)
    await profile_flow(supabase, user_id)
    chat_id = await chat_flow(supabase, await model_config_flow(supabase))
    await realtime_flow(supabase, chat_id)
    await ask_flow(supabase, chat_id)
    await whole_chat_flow(supabase, chat_id)
    await file_flow(supabase, user_id, chat_id)
    await sign_out_flow(supabase)
    await supabase.realtime.close()


if __name__ == "__main__":
    asyncio.run(main())
