"""Our own client follows changes, whatever happens to its connection and its token."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from backend_functions.types import Caller
from pocketllm_cli.api import live_channel
from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.changes import Change, Changes, Disconnected, Reconnected, pause_seconds
from pocketllm_cli.api.live_channel import Watch
from pocketllm_cli.api.sessions import Sessions
from pocketllm_cli.api.wire import Locator
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import BackendProblem, NotSignedIn
from pocketllm_cli.models import Context
from tests.backend_functions.gateway.realtime.conftest import PUBLISHABLE, Service, app_of, until
from tests.support.serving import served
from tests.support.stalling import stalling_way

CHATS = [Watch("chats")]


@dataclass(slots=True)
class Tokens:
    """A session: the token that is at hand, and those that come when one is refused."""

    now: str
    others: list[str] = field(default_factory=list)

    async def access_token(self) -> str:
        return self.now

    async def renewed_token(self, refused: str) -> str:
        if not self.others:
            raise NotSignedIn
        self.now = self.others.pop(0)
        return self.now


def changes(service: Service, tokens: Tokens, key: str = PUBLISHABLE) -> Changes:
    context = Context("test", service.url, key)
    embedded = EmbeddedBackend(Path("/nowhere"), print)
    return Changes(Locator(context, embedded), cast("Sessions", tokens), DebugLog(None))


@asynccontextmanager
async def following(
    service: Service, tokens: Tokens, watches: list[Watch] | None = None
) -> AsyncIterator[AsyncGenerator[Any, None]]:
    """Follow changes until the block ends, from the moment on that they flow."""
    async with aclosing(changes(service, tokens).follow(watches or CHATS)) as happened:
        assert await anext(happened) == Reconnected(is_first=True)
        yield happened


@pytest.mark.db
async def test_changes_come_in_the_order_of_their_commits(service: Service, alice: Caller) -> None:
    async with following(service, Tokens(service.token(alice))) as happened:
        chat = await service.insert(alice, "chats", title="one")
        await service.run("update chats set title = 'two' where id = %s", chat)
        updated = [await anext(happened), await anext(happened)]
        await service.run("delete from chats where id = %s", chat)
        deleted = await anext(happened)

    assert [(change.kind, change.row["title"]) for change in updated] == [
        ("INSERT", "one"),
        ("UPDATE", "two"),
    ]
    assert deleted == Change("chats", "DELETE", {"id": chat})


@pytest.mark.db
async def test_only_the_rows_that_the_filter_admits_come(service: Service, alice: Caller) -> None:
    chat, other = [await service.insert(alice, "chats", title=title) for title in "ab"]
    watches = [Watch("messages", filter=f"chat_id=eq.{chat}")]
    async with following(service, Tokens(service.token(alice)), watches) as happened:
        for target in (other, chat):
            await service.insert(alice, "messages", chat_id=target, role="user", content="hi")

        assert (await anext(happened)).row["chat_id"] == chat


@pytest.mark.db
async def test_somebody_elses_rows_do_not_come_even_where_a_policy_shows_them(
    service: Service, alice: Caller, bob: Caller
) -> None:
    await service.run("create policy all_may on public.chats for select using (true)")
    async with following(service, Tokens(service.token(alice))) as happened:
        other = await service.insert(bob, "chats", title="not hers")
        await service.run("delete from chats where id = %s", other)
        await service.insert(alice, "chats", title="hers")

        assert (await anext(happened)).row["title"] == "hers"


@pytest.mark.db
async def test_after_the_database_ended_the_stream_the_client_comes_back_and_reads_anew(
    service: Service, alice: Caller
) -> None:
    async with following(service, Tokens(service.token(alice))) as happened:
        await service.run(
            "select pg_terminate_backend(active_pid) from pg_replication_slots"
            " where database = current_database()"
        )
        lost = [await anext(happened), await anext(happened)]
        await service.insert(alice, "chats", title="afterwards")
        change = await anext(happened)

    assert lost == [Disconnected(), Reconnected(is_first=False)]
    assert change.row["title"] == "afterwards"


@pytest.mark.db
async def test_after_a_restart_of_the_server_the_client_comes_back_and_reads_anew(
    service: Service, alice: Caller
) -> None:
    app = app_of(service.realtime)
    async with AsyncExitStack() as server:
        service.url = await server.enter_async_context(served(app))
        async with following(service, Tokens(service.token(alice))) as happened:
            await server.aclose()
            assert await anext(happened) == Disconnected()

            port = int(service.url.rpartition(":")[2])
            await server.enter_async_context(served(app, port=port))
            assert await anext(happened) == Reconnected(is_first=False)
            await service.insert(alice, "chats", title="afterwards")
            assert (await anext(happened)).row["title"] == "afterwards"


@pytest.mark.db
async def test_a_network_that_lets_nothing_through_is_noticed_and_left(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_channel, "_PING_SECONDS", 0.3)
    monkeypatch.setattr(live_channel, "_PONG_SECONDS", 2.0)
    monkeypatch.setattr(live_channel, "_CLOSE_SECONDS", 0.2)
    async with stalling_way(int(service.url.rpartition(":")[2])) as way:
        service.url = way.url
        async with following(service, Tokens(service.token(alice))) as happened:
            way.stall()
            lost = [await anext(happened), await anext(happened)]
            await service.insert(alice, "chats", title="afterwards")
            change = await anext(happened)

    assert lost == [Disconnected(), Reconnected(is_first=False)]
    assert change.row["title"] == "afterwards"


@pytest.mark.db
async def test_a_token_that_is_renewed_in_time_interrupts_nothing(
    service: Service, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketllm_cli.api.changes._TOKEN_SECONDS", 0.05)
    tokens = Tokens(service.token(alice))
    async with following(service, tokens) as happened:
        tokens.now = service.token(alice)

        async def is_renewed() -> bool:
            (channel,) = service.realtime.hub._followers
            return channel.token == tokens.now

        await until(is_renewed)
        await service.insert(alice, "chats", title="afterwards")

        assert (await anext(happened)).row["title"] == "afterwards"


@pytest.mark.db
async def test_a_token_that_expires_unrenewed_is_replaced_and_changes_flow_again(
    service: Service, alice: Caller
) -> None:
    tokens = Tokens(service.token(alice, seconds=5), [service.token(alice)])
    async with following(service, tokens) as happened:
        lost = [await anext(happened), await anext(happened)]
        await service.insert(alice, "chats", title="afterwards")

        assert (await anext(happened)).row["title"] == "afterwards"
    assert lost == [Disconnected(), Reconnected(is_first=False)]


@pytest.mark.db
async def test_a_refused_token_is_replaced_and_none_left_is_said(
    service: Service, alice: Caller
) -> None:
    tokens = Tokens(service.token(alice, seconds=-60), [service.token(alice)])
    async with following(service, tokens) as happened:
        service.ended_sessions.update(service.sessions)
        service.realtime.verifier.forget()

        assert await anext(happened) == Disconnected()
        with pytest.raises(NotSignedIn):
            await anext(happened)


@pytest.mark.db
async def test_what_cannot_be_followed_is_said_and_not_tried_for_ever(
    service: Service, alice: Caller
) -> None:
    tokens = Tokens(service.token(alice))
    for watches, key in (([Watch("nothing")], PUBLISHABLE), (CHATS, "wrong")):
        async with aclosing(changes(service, tokens, key).follow(watches)) as happened:
            with pytest.raises(BackendProblem):
                await anext(happened)


def test_pauses_grow_to_a_bound_and_differ_with_luck() -> None:
    unlucky = [pause_seconds(tries, luck=1) for tries in range(50)]

    assert unlucky == sorted(unlucky)
    assert unlucky[0] == 0.2
    assert unlucky[-1] == 15
    assert pause_seconds(49, luck=0) == 7.5
