"""Providers whose TLS certificate is not to be trusted, on a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy
from backend_functions.settings import Limits
from tests.backend_functions.chat_request.conftest import Event, ask, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.support.certificates import WRONG, Authority, Kind
from tests.support.upstream import Upstream

KEY = "sk-canary-0123456789"
Behind = Callable[[Kind], AbstractAsyncContextManager[Upstream]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a certificate is wrong in one way only."""
    monkeypatch.setattr("certifi.where", lambda: str(authority.bundle))


@pytest.fixture
def behind(authority: Authority) -> Behind:
    """Run a provider behind a certificate."""

    @asynccontextmanager
    async def run(kind: Kind) -> AsyncIterator[Upstream]:
        async with Upstream().running(tls=authority.server_context(kind)) as upstream:
            yield upstream

    return run


def https(upstream: Upstream) -> str:
    return upstream.base_url.replace("http:", "https:")


async def ask_it(
    functions: Functions, person: Person, base_url: str
) -> tuple[list[Event], httpx.Response]:
    """Give it a key, ask it in a chat, and test its config."""
    config: dict[str, Any] = {"name": "m", "provider": "openai-compatible", "model": "any"}
    made = await person.post("/model-configs", config | {"base_url": base_url, "api_key": KEY})
    config_id = made.json()["id"]
    rows = await functions.rows(
        "insert into public.chats (user_id, title, model_config_id) values (%s, 't', %s)"
        " returning id",
        person.caller.user_id,
        config_id,
    )
    events = await ask(person, rows[0][0])
    return events, await person.post(f"/model-configs/{config_id}/test", {})


@pytest.mark.db
@pytest.mark.parametrize("kind", WRONG)
async def test_a_provider_with_a_wrong_certificate_is_sent_nothing(
    trusted: None, functions: Functions, alice: Person, behind: Behind, kind: Kind
) -> None:
    async with behind(kind) as upstream:
        events, tested = await ask_it(functions, alice, https(upstream))

        assert upstream.targets == []
    for failure in (events[-1][1], tested.json()["error"]):
        assert failure["code"] == "provider_unreachable"
        assert "certificate is not valid; nothing was sent" in failure["message"]
        assert KEY not in str(failure)
    rows = await functions.rows("select metadata from public.messages where role = 'assistant'")
    assert rows[0][0]["status"] == "failed"
    assert rows[0][0]["error"]["message"] == events[-1][1]["message"]
    assert "retries" not in rows[0][0], "the same server would be found again"


@pytest.mark.db
async def test_with_a_right_one_it_is_asked(
    trusted: None, functions: Functions, alice: Person, behind: Behind
) -> None:
    async with behind("good") as upstream:
        events, tested = await ask_it(functions, alice, https(upstream))

        assert upstream.headers[0]["authorization"] == f"Bearer {KEY}"
    assert text_of(events) == "word0 word1 word2 "
    assert tested.status_code == 200


@pytest.mark.db
async def test_a_provider_that_speaks_no_tls_is_not_sent_the_key_either(
    functions: Functions, alice: Person
) -> None:
    received = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        events, _ = await ask_it(functions, alice, f"https://127.0.0.1:{port}")

    assert events[-1][1]["code"] == "provider_unreachable"
    assert "No secure connection" in events[-1][1]["message"]
    assert received
    assert KEY.encode() not in received


async def test_the_environment_adds_nobody_to_those_who_are_trusted(
    authority: Authority, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority.bundle.parent))
    assert ssl.create_default_context().get_ca_certs(), "OpenSSL itself would follow it"
    policy = EgressPolicy(allow_loopback=True)
    async with behind("good") as upstream, open_client(policy, Limits()) as http:
        with pytest.raises(httpx.TransportError, match="CERTIFICATE_VERIFY_FAILED"):
            await http.get(https(upstream))

        assert upstream.targets == []
