"""What is done with chats and messages in the terminal app, over the embedded backend."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.end_to_end.terminal.test_live import ask_elsewhere, provider_here, shown_at
from tests.pocketllm_cli.tui.harness import Shown
from tests.support.home import Home
from tests.support.upstream import Upstream

__all__ = ["provider_here"]
ANSWER = "first half, second half"


@asynccontextmanager
async def asked(home: Home, text: str) -> AsyncIterator[Shown]:
    """A chat with one question, asked by a command, open in the app."""
    await ask_elsewhere(home, text)
    async with shown_at(home, "last") as shown:
        await shown.until(lambda: shown.texts == [text, ANSWER])
        yield shown


async def test_a_question_is_changed_an_answer_made_anew_and_every_version_stays(
    home: Home, provider_here: Upstream
) -> None:
    async with asked(home, "What is an ibis?") as shown:
        await shown.pilot.press("ctrl+up", "k", "e")
        await shown.until(lambda: shown.screen.composer.text == "What is an ibis?")
        shown.screen.composer.put("What is an egret?")
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.texts == ["What is an egret?", ANSWER])
        await shown.see("2/2")

        await shown.ask("/regenerate")
        await shown.until(lambda: shown.page.count("2/2") == 2)
        await shown.until(lambda: shown.screen.current.running is None)
        await shown.pilot.press("ctrl+up", "g", "k", "k", "left_square_bracket")
        await shown.until(lambda: shown.texts == ["What is an ibis?", ANSWER])
        await shown.pilot.press("right_square_bracket")
        await shown.until(lambda: shown.texts == ["What is an egret?", ANSWER])


async def test_a_chat_is_forked_the_copy_renamed_archived_and_brought_back(
    home: Home, provider_here: Upstream
) -> None:
    async with asked(home, "Where do storks winter?") as shown:
        original = shown.screen.current.chat.id
        await shown.pilot.press("ctrl+up", "k", "f")
        await shown.until(lambda: shown.screen.current.chat.id != original)
        await shown.until(lambda: shown.texts == ["Where do storks winter?"])
        await shown.ask("/rename A copy of storks")
        await shown.see("A copy of storks")
        copy_id = shown.screen.current.chat.id

        await shown.ask("/archive")
        await shown.until(lambda: "A copy of storks" not in shown.page.split("Search")[1][:400])
        away = await asyncio.to_thread(home.run, "chats", "list", "--archived", "--json")
        [copy] = [chat for chat in away.json() if chat["id"] == copy_id]
        assert copy["title"] == "A copy of storks"
        assert copy["archived_at"] > copy["created_at"]

        await shown.pilot.press("ctrl+t")
        await shown.until(lambda: any("is back" in note for note in shown.notices))
        await asyncio.to_thread(home.run, "chats", "archive", "last")
        await shown.ask("/archived")
        await shown.see("In the archive", "A copy of storks")


async def test_a_message_deleted_elsewhere_goes_at_once_wherever_it_stands(
    home: Home, provider_here: Upstream
) -> None:
    token = (await asyncio.to_thread(home.run, "whoami", "--token")).text.strip()
    status = home.status()
    async with asked(home, "One") as shown:
        await shown.ask("Two")
        await shown.until(lambda: shown.texts == ["One", ANSWER, "Two", ANSWER])
        await shown.until(lambda: shown.screen.current.running is None)
        doomed = shown.screen.current.stored[1].message.id
        async with httpx.AsyncClient(base_url=status["url"]) as client:
            headers = {"apikey": status["publishable_key"], "Authorization": f"Bearer {token}"}
            await client.delete(f"/rest/v1/messages?id=eq.{doomed}", headers=headers)

        await shown.until(lambda: shown.texts == ["One", "Two", ANSWER])


async def test_the_json_that_the_app_writes_is_what_import_reads(
    home: Home, provider_here: Upstream, tmp_path: Path
) -> None:
    async with asked(home, "A heron for export") as shown:
        chat_id = shown.screen.current.chat.id
        shown.app.parts.folder = tmp_path
        await shown.ask("/export json")
        file = tmp_path / "A-heron-for-export.json"
        await shown.until(file.exists)

    await asyncio.to_thread(home.run, "chats", "delete", chat_id, "--forever", "--yes")
    done = await asyncio.to_thread(home.run, "chats", "import", str(file), "--json")
    assert json.loads(done.out) == {"chats": 1, "messages": 2, "already_there": 0}
    shown_again = await asyncio.to_thread(home.run, "chats", "show", chat_id, "--json")
    assert [each["content"] for each in shown_again.json()["messages"]] == [
        "A heron for export",
        ANSWER,
    ]
