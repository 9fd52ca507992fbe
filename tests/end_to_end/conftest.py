"""One machine for the tests that leave it as it was, and new ones for the others."""

import asyncio
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from pocketllm_cli.cli import main
from tests.end_to_end.in_process import Ended, Run
from tests.support.home import Home, home_in
from tests.support.http_upstream import in_a_thread
from tests.support.imagerouter import KEY, ImageRouter
from tests.support.upstream import SCRIPTS, Upstream
from tests.support.warm_commands import warm_pocketllm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker of a parallel run who shares a backend, or what a module has made."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            shares = "home" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.backend)
            item.add_marker(pytest.mark.xdist_group("backend" if shares else item.path.stem))


@pytest.fixture(scope="session")
def imagerouter() -> Iterator[ImageRouter]:
    """Who makes the pictures of the shared machine."""
    with in_a_thread(ImageRouter()) as imagerouter:
        yield imagerouter


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, imagerouter: ImageRouter) -> Iterator[Home]:
    """A machine where the backend runs, for tests that do not stop it."""
    pictures = {"IMAGEROUTER_API_KEY": KEY, "IMAGEROUTER_BASE_URL": imagerouter.base_url}
    folder = tmp_path_factory.mktemp("shared home")
    program = folder / "pocketllm-warm"
    with warm_pocketllm(program, folder), home_in(folder, str(program), **pictures) as home:
        started = home.run("backend", "start")
        assert started.code == 0, started.err
        yield home


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Callable[..., Home]]:
    """Make machines on which nothing was ever run."""
    with ExitStack() as stack:

        def make(name: str = "new", **extra: str) -> Home:
            return stack.enter_context(home_in(tmp_path / name, **extra))

        yield make


@pytest.fixture(scope="session")
def addresses() -> dict[str, str]:
    """Where the provider listens for each model: one that fails is left alone, not all of them."""
    return {}


@pytest.fixture(scope="session")
def provider(addresses: dict[str, str]) -> Iterator[Upstream]:
    """A provider on loopback, in a thread of its own, with an address for each of its models."""
    upstream, ready, over = Upstream(words=50), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            for model in (*SCRIPTS, "any"):
                await stack.enter_async_context(upstream.running())
                addresses[model] = upstream.base_url
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    yield upstream
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def add_model(home: Home, provider: Upstream, addresses: dict[str, str]) -> Callable[[str], str]:
    """Add (once) a model config that asks the provider for the given behaviour."""
    added: set[str] = set()

    def add(model: str) -> str:
        if model not in added:
            done = home.run(
                "models",
                "add",
                model,
                "--provider",
                "openai-compatible",
                "--model",
                model,
                "--base-url",
                addresses[model],
                "--key-stdin",
                stdin=b"sk-canary-0123456789\n",
            )
            assert done.code == 0, done.err
            added.add(model)
        return model

    return add


@pytest.fixture
def run(home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the real entry point in this process, as a person of the shared machine."""
    for name in list(os.environ):
        if name.startswith(("POCKETLLM_", "SUPABASE_")):
            monkeypatch.delenv(name)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)

    def run(*argv: str, stdin: bytes = b"", **extra: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            for name, value in extra.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(argv)
        return Ended(int(ended.value.code or 0), *capfd.readouterr())

    return run
