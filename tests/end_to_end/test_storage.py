"""Files of a real user on a real embedded backend, through an unmodified client."""

import stat
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from storage3.exceptions import StorageApiError
from supabase import Client

from tests.end_to_end.test_supabase_py import client
from tests.support.home import Home

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def env(home: Home) -> dict[str, str]:
    lines = home.run("backend", "env").text.splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def owner(env: dict[str, str]) -> Iterator[Client]:
    with client(env) as made:
        made.auth.sign_in_with_password(
            {"email": env["POCKETLLM_EMAIL"], "password": env["POCKETLLM_PASSWORD"]}
        )
        yield made
        made.storage.session.close()


@pytest.fixture
def stranger(env: dict[str, str]) -> Iterator[Client]:
    with client(env) as made:
        made.auth.sign_up({"email": f"{uuid4().hex}@example.com", "password": "correct horse"})
        yield made
        made.storage.session.close()


def test_supabase_py_keeps_a_file_that_is_its_users_alone(
    owner: Client, stranger: Client, home: Home
) -> None:
    user: Any = owner.auth.get_user()
    folder = f"private/user_files/{user.user.id}/{uuid4()}"
    mine, theirs = (who.storage.from_("user_assets") for who in (owner, stranger))

    mine.upload(f"{folder}/a.txt", b"content", {"content-type": "text/plain"})
    signed = mine.create_signed_url(f"{folder}/a.txt", 60)

    assert mine.download(f"{folder}/a.txt") == b"content"
    assert [row["name"] for row in mine.list(folder)] == ["a.txt"]
    assert httpx.get(str(signed["signedURL"])).content == b"content"
    assert theirs.list(folder) == []
    assert theirs.exists(f"{folder}/a.txt") is False
    with pytest.raises(StorageApiError, match="row-level security"):
        theirs.upload(f"{folder}/b.txt", b"x", {"content-type": "text/plain"})
    assert stat.S_IMODE((home.backend_folder / "objects").stat().st_mode) == 0o700
