"""Files go up and come down through the client, against a real gateway."""

import os
import re
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import pytest

from pocketllm_cli.api.backend import EmbeddedBackend
from pocketllm_cli.api.chat_folders import (
    chat_folder,
    chat_id_of,
    own_folder,
    remove_left_over,
)
from pocketllm_cli.api.client import Api, open_api
from pocketllm_cli.api.files import Files, guess_type
from pocketllm_cli.credentials import CredentialStore
from pocketllm_cli.debug_log import DebugLog
from pocketllm_cli.errors import (
    Conflict,
    FileNotStored,
    LocalFileProblem,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
)
from pocketllm_cli.models import Context, Session
from pocketllm_cli.paths import Paths
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.gateway import Person, RunningGateway, running_gateway


@pytest.fixture(scope="module")
def gateway(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("storage") / "objects"
    with new_database(cluster) as name, running_gateway(cluster, name, folder) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def alice(gateway: RunningGateway) -> Iterator[Person]:
    person = gateway.sign_up()
    with person.http:
        yield person


@asynccontextmanager
async def opened(
    gateway: RunningGateway, home: Path, token: str | None, session: Session | None = None
) -> AsyncIterator[Api]:
    paths = Paths.under(home)
    narrate: list[str] = []
    store = CredentialStore(paths.sessions, narrate.append, lambda: None)
    if session is not None:
        store.save("test", session)
    async with open_api(
        Context("test", gateway.url, gateway.cluster.keys.publishable_key),
        paths=paths,
        store=store,
        embedded=EmbeddedBackend(paths.backend, narrate.append),
        fixed_token=token,
        narrate=narrate.append,
        log=DebugLog(None),
    ) as api:
        yield api


@pytest.fixture
async def api(gateway: RunningGateway, alice: Person, tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(gateway, tmp_path, alice.token) as api:
        yield api


@pytest.fixture
def files(api: Api) -> Files:
    return api.files


@pytest.fixture
def folder(alice: Person) -> str:
    return f"private/user_files/{alice.id}/{uuid4()}"


async def test_a_file_comes_back_as_it_went(files: Files, folder: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_bytes(os.urandom(700_000))
    told: list[tuple[int, int]] = []

    await files.upload(source, f"{folder}/a b.txt", progress=lambda *done: told.append(done))
    stored = await files.download(f"{folder}/a b.txt", target)

    assert target.read_bytes() == source.read_bytes()
    assert told[-1] == (700_000, 700_000)
    assert told == sorted(told)
    assert (stored.size, stored.content_type) == (700_000, "text/plain")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_what_is_there_is_listed_signed_and_removed(
    files: Files, folder: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.md"
    source.write_text("hello")
    await files.upload(source, f"{folder}/a.md")
    await files.upload(source, f"{folder}/sub/b.md")

    listed = await files.all(folder)
    link = await files.sign(f"{folder}/a.md")
    await files.remove(f"{folder}/a.md")

    assert [(file.path, file.size) for file in listed] == [
        (f"{folder}/a.md", 5),
        (f"{folder}/sub", None),
    ]
    assert link.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient() as http:
        assert (await http.get(link)).json()["statusCode"] == "404"
    with pytest.raises(NotFound):
        await files.sign(f"{folder}/a.md")
    with pytest.raises(NotFound):
        await files.remove(f"{folder}/a.md")


async def test_a_link_is_good_for_anybody(files: Files, folder: str, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("hello")
    await files.upload(source, f"{folder}/a b.txt")

    async with httpx.AsyncClient() as http:
        answer = await http.get(await files.sign(f"{folder}/a b.txt"))

    assert answer.text == "hello"


async def test_a_link_ends_within_ten_minutes_unless_a_person_asks_for_longer(
    files: Files, folder: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.txt"
    source.write_text("hello")
    await files.upload(source, f"{folder}/a.txt")

    def seconds(link: str) -> int:
        claims = jwt.decode(link.partition("token=")[2], options={"verify_signature": False})
        return int(claims["exp"] - claims["iat"])

    assert seconds(await files.sign(f"{folder}/a.txt")) == 600
    assert seconds(await files.sign(f"{folder}/a.txt", 3600)) == 3600


def test_nothing_else_of_ours_asks_for_links() -> None:
    packages = Path(__file__).parents[2]
    asking = {
        file.relative_to(packages).as_posix()
        for name in ("pocketllm_cli", "backend_functions")
        for file in (packages / name).rglob("*.py")
        if re.search(r"object/(upload/)?sign/|create_signed|expiresIn", file.read_text("utf-8"))
    }

    assert asking == {
        "pocketllm_cli/api/files.py",
        # The service that makes them for whoever asks, as a hosted project's does.
        "backend_functions/gateway/storage/routes.py",
        "backend_functions/gateway/storage/signing_routes.py",
    }


async def test_what_is_refused_is_said_in_the_users_words(
    files: Files, folder: str, tmp_path: Path
) -> None:
    source = tmp_path / "a.txt"
    source.write_text("hello")
    await files.upload(source, f"{folder}/a.txt")

    with pytest.raises(Conflict):
        await files.upload(source, f"{folder}/a.txt")
    with pytest.raises(NotAllowed):
        await files.upload(source, f"private/user_files/{uuid4()}/a.txt")
    with pytest.raises(FileNotStored, match="video/mp4 is not supported"):
        await files.upload(source, f"{folder}/b.mp4", content_type="video/mp4")
    with pytest.raises(LocalFileProblem):
        await files.upload(tmp_path / "none", f"{folder}/b.txt")
    await files.upload(source, f"{folder}/a.txt", replace=True)


async def test_a_download_that_fails_leaves_what_was_there(
    files: Files, folder: str, tmp_path: Path
) -> None:
    target = tmp_path / "kept.txt"
    target.write_text("kept")

    for path in (f"{folder}/none", "../../../auth/v1/settings"):
        with pytest.raises(NotFound):
            await files.download(path, target)

    assert target.read_text() == "kept"
    assert set(os.listdir(tmp_path)) <= {"kept.txt", "state", "home"}


async def test_a_token_that_is_not_taken_is_renewed_once(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    """As when this machine's clock is wrong: Storage says 400, and why in the body."""
    bob = gateway.sign_up()
    bob.http.close()
    source = tmp_path / "a.txt"
    source.write_text("hello")
    session = Session(gateway.url, None, "e30.e30.AAAA", time.time() + 3600, bob.refresh_token)

    async with opened(gateway, tmp_path, None, session) as api:
        path = f"private/user_files/{bob.id}/c/a.txt"
        await api.files.upload(source, path)
        stored = await api.files.download(path, tmp_path / "b.txt")

    assert stored.size == 5


async def test_a_fixed_token_that_is_not_taken_is_said(
    gateway: RunningGateway, folder: str, tmp_path: Path
) -> None:
    async with opened(gateway, tmp_path, "e30.e30.AAAA") as api:
        with pytest.raises(NotSignedIn, match="POCKETLLM_ACCESS_TOKEN"):
            await api.files.all(folder)


async def test_a_file_larger_than_wanted_is_not_read(
    files: Files, folder: str, tmp_path: Path
) -> None:
    await files.upload(b"a" * 1000, f"{folder}/a.txt")

    with pytest.raises(TooLarge):
        await files.download(f"{folder}/a.txt", tmp_path / "a.txt", most_bytes=999)

    assert not (tmp_path / "a.txt").exists()


async def test_files_of_chats_that_are_gone_go_once_nothing_can_be_restored(api: Api) -> None:
    here, deleted, erased = [await api.chats.create(name) for name in ("a", "b", "c")]
    for chat in (here, deleted, erased):
        await api.files.upload(b"hello", f"{await chat_folder(api, chat.id)}/a.txt")
    await api.chats.delete([deleted.id])
    await api.chats.erase(erased.id)

    young = await remove_left_over(api)
    old = await remove_left_over(api, now=datetime.now(UTC) + timedelta(days=2))

    left = {chat_id_of(file.path) for file in await api.files.below(await own_folder(api))}
    assert young == 0
    assert old >= 1, "those of other tests are of no chat either"
    assert left >= {here.id, deleted.id}
    assert erased.id not in left


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.png", "image/png"), ("a.pdf", "application/pdf"), ("a.md", "text/markdown"), ("a", None)],
)
def test_a_name_says_what_a_file_is(name: str, content_type: str | None) -> None:
    assert guess_type(Path(name)) == (content_type or "text/plain")
