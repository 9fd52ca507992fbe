"""A person at the terminal app, over the embedded backend that all of these share."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.api.client import Api
from pocketllm_cli.models import Context
from pocketllm_cli.tui.heard_changes import HeardChanges
from pocketllm_cli.tui.widgets.row_table import RowTable
from tests.pocketllm_cli.tui.harness import Quiet, Shown, shown_app
from tests.support.backend import BackendUser, sign_up
from tests.support.home import Home
from tests.support.upstream import Upstream


def heard_alone(api: Api) -> HeardChanges:
    """Changes that are heard or missed: nothing here ever looks by itself."""
    return HeardChanges(api.changes, api.chats, otherwise=Quiet())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account of their own, and a folder for what their app keeps."""

    user: BackendUser
    folder: Path
    url: str
    """Where their app finds the backend."""

    @property
    def context(self) -> Context:
        return Context("machine", self.url, self.user.key)

    def app(self, **options: Any) -> AbstractAsyncContextManager[Shown]:
        """Open the app, signed in unless another token is given."""
        given: dict[str, Any] = {"token": self.user.token, "size": (120, 40)}
        given |= {"changes": heard_alone, "now": lambda: datetime.now().astimezone()} | options
        return shown_app(self.context, self.folder, **given)

    def rows(self, table: str, columns: str) -> list[dict[str, Any]]:
        """Read what the backend has of theirs, oldest first."""
        found = self.user.call("GET", f"/rest/v1/{table}?select={columns}&order=created_at")
        return list(found)


def go_to_row(shown: Shown, name: str) -> None:
    """Put the cursor on a line of the table that is shown."""
    table = shown.app.screen.query_one(RowTable)
    names = [[cell.plain for cell in table.get_row_at(row)] for row in range(table.row_count)]
    table.move_cursor(row=next(row for row, cells in enumerate(names) if name in cells))


@pytest.fixture
def person(home: Home, tmp_path: Path) -> Person:
    """Somebody new."""
    status = home.status()
    return Person(sign_up(status["url"], status["publishable_key"]), tmp_path, status["url"])


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A provider that is asked by this test alone."""
    async with Upstream().running() as running:
        yield running
