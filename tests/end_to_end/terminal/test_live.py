"""What happens elsewhere is in the terminal app at once; nothing here ever looks by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pocketllm_cli.contexts import EMBEDDED
from tests.end_to_end.terminal.conftest import heard_alone
from tests.pocketllm_cli.tui.harness import Shown, shown_app
from tests.support.home import Home
from tests.support.upstream import Upstream

MODEL = "half and half"


@asynccontextmanager
async def shown_at(home: Home, chat: str | None = None) -> AsyncIterator[Shown]:
    folder = home.folder / "pocketllm"
    async with shown_app(EMBEDDED, folder, token=None, changes=heard_alone, chat=chat) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        yield shown


@pytest.fixture
async def provider_here(home: Home) -> AsyncIterator[Upstream]:
    """A provider whose model says half of its answer, and the rest when it is let."""
    async with Upstream().running() as upstream:
        address = ("--base-url", upstream.base_url, "--key-stdin")
        model = ("--provider", "openai-compatible", "--model", "waits")
        await asyncio.to_thread(home.run, "models", "add", MODEL, *model, *address, stdin=b"sk-1\n")
        upstream.release.set()
        yield upstream
        await asyncio.to_thread(home.run, "models", "remove", MODEL, "--yes")


async def ask_elsewhere(home: Home, text: str) -> None:
    """Ask in a new chat, by a command."""
    asked = await asyncio.to_thread(home.run, "ask", "-m", MODEL, text)
    assert asked.code == 0, asked.err


async def test_a_question_asked_in_one_app_streams_in_another_that_shows_the_same_chat(
    home: Home, provider_here: Upstream
) -> None:
    await ask_elsewhere(home, "The first of all")
    provider_here.release.clear()
    async with shown_at(home, "last") as one, shown_at(home, "last") as other:
        await one.until(lambda: len(one.texts) == 2)
        await other.until(lambda: len(other.texts) == 2)

        await one.ask("And then?")
        await other.until(lambda: other.texts[2:] == ["And then?", "first half, "])
        assert other.screen.status.running == "answering"

        provider_here.release.set()
        await other.until(lambda: other.texts[3:] == ["first half, second half"])
        await other.until(lambda: not other.screen.status.running)
        await one.until(lambda: one.texts == other.texts)


async def test_a_chat_that_a_command_begins_renames_and_deletes_does_so_in_the_list(
    home: Home, provider_here: Upstream
) -> None:
    async with shown_at(home) as shown:
        await ask_elsewhere(home, "Pelicans at noon")
        await shown.see("Pelicans at noon")

        await asyncio.to_thread(home.run, "chats", "rename", "last", "Herons at dusk")
        await shown.see("Herons at dusk")

        await asyncio.to_thread(home.run, "chats", "delete", "last", "--yes")
        await shown.until(lambda: "Herons at dusk" not in shown.page)
