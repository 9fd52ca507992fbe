"""Chats of one account that come to another one, at two real backends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.client import Api, open_api
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.models import Context
from pocketllm_cli.paths import Paths
from pocketllm_cli.transfer.report import Left, Report
from pocketllm_cli.transfer.run import Wishes, transfer
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.picture_files import colour_of, encoded, photo, png_of

pytestmark = pytest.mark.db

ALONE = Wishes(ask_key=lambda config: None, tell=None)
DRY = Wishes(ask_key=lambda config: None, tell=None, is_dry=True)


@pytest.fixture(scope="module")
def gateways(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningGateway]]:
    """Two backends that know nothing of each other."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running_gateway(
                    cluster,
                    stack.enter_context(new_database(cluster)),
                    tmp_path_factory.mktemp("storage") / "objects",
                )
            )
            for _ in range(2)
        ]


@pytest.fixture
async def apis(gateways: list[RunningGateway], tmp_path: Path) -> AsyncIterator[list[Api]]:
    """Somebody new at the first backend, the same at the second, and somebody else there."""
    paths = Paths.under(tmp_path)
    told: list[str] = []
    async with AsyncExitStack() as stack:
        opened = []
        for gateway in (gateways[0], gateways[1], gateways[1]):
            person = gateway.sign_up()
            stack.enter_context(person.http)
            api = open_api(
                Context("test", gateway.url, gateway.cluster.keys.publishable_key),
                paths=paths,
                store=CredentialStore(paths.sessions, told.append, lambda: None),
                embedded=EmbeddedBackend(paths.backend, told.append),
                fixed_token=person.token,
                narrate=told.append,
                log=DebugLog(None),
            )
            opened.append(await stack.enter_async_context(api))
        yield opened


async def put_chat(api: Api, number: int, length: int, **fields: Any) -> str:
    """Store a chat; its id begins with the number."""
    chat_id = str(UUID(int=number << 120 | uuid4().int >> 8))
    ids = [str(uuid4()) for _ in range(length)]
    messages = [
        {
            "id": key,
            "parent_id": ids[place - 1] if place else None,
            "role": "assistant" if place % 2 else "user",
            "content": f"text {place}",
            "metadata": None,
            "created_at": "2026-01-02T03:04:05+00:00",
        }
        for place, key in enumerate(ids)
    ]
    tip = {"current_message_id": ids[-1] if ids else None, "messages": messages}
    await api.whole_chats.put_as_named({"id": chat_id, "title": "A chat", **tip, **fields})
    return chat_id


def counted(already_there: int = 0, **counts: Any) -> Report:
    """What a transfer tells; the local model is at both of the backends."""
    return Report(already_there=already_there + 1, **counts)


async def stored(api: Api) -> list[tuple[str, int]]:
    return [(str(one.chat["id"]), len(one.messages)) async for one in api.whole_chats.read_all()]


async def test_a_dry_run_counts_what_the_transfer_then_brings_over(apis: list[Api]) -> None:
    here, there, _ = apis
    await put_chat(here, 1, 3)
    chat_id = await put_chat(here, 2, 0, archived_at="2026-01-03T00:00:00+00:00")
    told: list[str] = []

    dry = await transfer(here, there, DRY)
    assert await stored(there) == []
    moved = await transfer(
        here, there, Wishes(lambda config: None, lambda report, place: told.append(place))
    )

    assert dry == moved == counted(chats=2, messages=3)
    assert await transfer(here, there, DRY) == counted(already_there=2)
    assert told == ["chat 1 of 2", "chat 2 of 2"]
    archived = await there.whole_chats.read(chat_id)
    assert archived is not None
    assert archived.chat["archived_at"] == "2026-01-03T00:00:00+00:00"


async def test_two_transfers_at_once_bring_each_chat_over_once(apis: list[Api]) -> None:
    here, there, _ = apis
    chats = sorted([(await put_chat(here, n, length), length) for n, length in enumerate((450, 3))])

    reports = await asyncio.gather(*(transfer(here, there, ALONE) for _ in range(3)))
    last = await transfer(here, there, ALONE)

    assert await stored(there) == chats
    assert last == counted(already_there=2)
    assert {one.kind for report in reports for one in report.left} <= {"chat"}


async def test_ids_that_somebody_else_has_are_counted_by_a_dry_run_too(apis: list[Api]) -> None:
    here, there, other = apis
    await put_chat(here, 1, 3)
    await transfer(here, other, ALONE)

    assert await transfer(here, there, DRY) == counted(chats=1, messages=3)
    assert await transfer(here, there, ALONE) == counted(chats=1, messages=3)
    assert await transfer(here, there, DRY) == counted(already_there=1)


async def test_a_chat_that_was_deleted_at_the_target_does_not_come_back(apis: list[Api]) -> None:
    here, there, _ = apis
    chat_id = await put_chat(here, 1, 3)
    await transfer(here, there, ALONE)
    await there.chats.delete([chat_id])

    left = counted(left=[Left("chat", chat_id, "it was deleted at the target")])
    assert await transfer(here, there, DRY) == left
    assert await transfer(here, there, ALONE) == left
    assert await stored(there) == []


async def test_a_chat_that_is_deleted_while_all_are_read_is_left_out(apis: list[Api]) -> None:
    here, _, _ = apis
    first, long, last = [
        await put_chat(here, number, length) for number, length in enumerate((3, 700, 3))
    ]
    read: list[str] = []

    async for chat in here.whole_chats.read_all():
        if not read:  # by now a part of the second one has been read, and nothing of the third
            await here.chats.delete([long, last])
        read.append(chat.chat["id"])

    assert read == [first]


async def test_an_avatar_comes_along_and_takes_no_other_ones_place(
    apis: list[Api], tmp_path: Path
) -> None:
    here, there, other = apis
    await here.files.upload_avatar(encoded(photo(600, 400), "JPEG"))
    mine = await other.files.upload_avatar(png_of("mine"))

    moved = await transfer(here, there, ALONE)
    again = await transfer(here, there, ALONE)
    kept = await transfer(here, other, ALONE)

    assert (moved.files, moved.left) == (1, [])
    assert (again.files, again.left, again.already_there) == (0, [], moved.already_there + 1)
    assert [left.reason for left in kept.left] == ["there is another one in its place"]
    await other.files.download(mine.path, tmp_path / "mine.png")
    assert Image.open(tmp_path / "mine.png").getpixel((0, 0)) == colour_of("mine")
