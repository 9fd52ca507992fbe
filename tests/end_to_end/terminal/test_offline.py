"""A line to the embedded backend that breaks: nothing is lost, what is written is sent once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.terminal.conftest import Person
from tests.pocketllm_cli.tui.harness import Shown
from tests.support.cut_line import Line, line_to
from tests.support.upstream import Upstream

HALF, WHOLE = "first half, ", "first half, second half"


@pytest.fixture
async def line(person: Person) -> AsyncIterator[Line]:
    port = urlsplit(person.url).port
    assert port is not None
    async with line_to(port) as line:
        yield line


@pytest.fixture
def far_person(person: Person, line: Line, upstream: Upstream) -> Person:
    """Somebody whose app reaches the backend by that line."""
    person.user.add_config(model="waits", base_url=upstream.base_url, is_default=True)
    return replace(person, url=f"http://127.0.0.1:{line.port}")


def last_status(shown: Shown) -> str:
    return shown.screen.conversation.views[-1].turn.message.status


async def until_offline(shown: Shown) -> None:
    await shown.until(lambda: shown.screen.status.connection.startswith("offline"))


async def test_an_answer_goes_on_where_the_line_broke_and_what_was_read_stays(
    far_person: Person, line: Line, upstream: Upstream
) -> None:
    async with far_person.app() as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts == ["Where?", HALF])
        line.cut()
        await shown.see("Connection lost; taking the answer up again")
        assert shown.texts == ["Where?", HALF]
        upstream.release.set()
        await line.mend()
        await shown.until(lambda: shown.texts == ["Where?", WHOLE])
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.until(lambda: not shown.screen.status.running)
    assert len(upstream.requests) == 1


async def test_what_is_written_offline_waits_on_disk_and_is_sent_once_by_the_next_run(
    far_person: Person, line: Line, upstream: Upstream
) -> None:
    upstream.release.set()
    async with far_person.app() as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        line.cut()
        await shown.ask("Where?")
        await shown.until(lambda: shown.texts == ["Where?"] and last_status(shown) == "waiting")
        await until_offline(shown)
        kept = far_person.folder / "state" / "terminal" / "outbox.json"
        assert "Where?" in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o600

    async with far_person.app() as shown:
        await until_offline(shown)
        await line.mend()
        await shown.until(lambda: not shown.screen.parts.files.outbox())
    stored = far_person.rows("messages", "content,role")
    assert [row["content"] for row in stored] == ["Where?", WHOLE]
