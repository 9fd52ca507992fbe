"""The app over the backend that lives in a thread."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_answers import Stream
from tests.pocketllm_cli.fake_backend import KEY, FakeBackend, serve
from tests.pocketllm_cli.tui.pictures import Picture, Pictures


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    """A backend with one model config."""
    backend = FakeBackend()
    backend.add_model("gpt", is_default=True, has_key=True)
    serve(backend)
    yield backend
    backend.over.set()
    backend.stop()


@pytest.fixture
def context(fake: FakeBackend) -> Context:
    """The context that names it."""
    return Context("environment", fake.url, KEY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the app keeps its files, and where file names begin."""
    folder = tmp_path / "home"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def held(fake: FakeBackend) -> Iterator[threading.Event]:
    """Answers that say a word and then wait until this is set."""
    released = threading.Event()

    def script(stream: Stream) -> None:
        stream.start()
        stream.text(fake.pieces[:1])
        released.wait(30)
        stream.text(fake.pieces[1:], len(fake.pieces[0]))
        stream.end()

    fake.script = script
    yield released
    released.set()


@pytest.fixture
def pictures(
    snapshot: SnapshotAssertion,
    fake: FakeBackend,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Pictures:
    """Pictures of an app in the zone of its clock."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return Pictures(snapshot.use_extension(Picture), request.node, fake.url)
