import socket

import aiohttp.abc
import httpx
import pytest

from backend_functions.egress.client import open_client
from backend_functions.egress.policy import EgressPolicy, check_base_url, check_link, origin
from backend_functions.errors import InvalidRequest
from backend_functions.settings import Limits
from tests.support.upstream import Upstream

HOSTED = EgressPolicy(allow_loopback=False)
EMBEDDED = EgressPolicy(allow_loopback=True)

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "localhost",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_no_spelling_of_a_private_address_can_be_configured(host: str) -> None:
    with pytest.raises(InvalidRequest):
        check_base_url(f"https://{host}/v1", HOSTED)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/v1",
        "file:///etc/passwd",
        "gopher://api.example.com",
        "https://user:pw@api.example.com",
        "https://api.example.com/?key=1",
        "https://api.example.com/#x",
        "https://api.example.com:22",
        "https://api.example.com:5432",
        "https://",
        "api.example.com",
        "https://api.example.com:x",
    ],
)
def test_addresses_that_are_no_provider_cannot_be_configured(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_base_url(url, EMBEDDED)


def test_the_embedded_backend_may_call_servers_beside_it() -> None:
    assert check_base_url("http://127.0.0.1:11434/v1/", EMBEDDED).path == "/v1"
    assert check_base_url("http://localhost:1234/v1", EMBEDDED).host == "localhost"
    with pytest.raises(InvalidRequest):
        check_base_url("http://192.168.1.5:11434/v1", EMBEDDED)


@pytest.mark.parametrize(
    "link", [f"https://{host}/a.png" for host in PRIVATE] + ["http://1.1.1.1/a", "file:///a", "x"]
)
def test_a_provider_cannot_lead_to_a_private_address(link: str) -> None:
    with pytest.raises(InvalidRequest):
        check_link(link, httpx.URL("https://api.example.com/v1"))


def test_a_provider_can_lead_to_itself_and_to_public_addresses() -> None:
    beside_us = httpx.URL("http://127.0.0.1:8080/v1")
    signed = "https://files.example.com/a.png?sig=%2F"

    assert check_link("http://127.0.0.1:8080/a.png?b=c", beside_us)[1]
    assert check_link(signed, beside_us) == (httpx.URL(signed), False)
    with pytest.raises(InvalidRequest):
        check_link("http://127.0.0.1:8081/a.png", beside_us)


def test_a_key_is_bound_to_scheme_host_and_port() -> None:
    assert origin(httpx.URL("https://API.example.com/v1")) == "https://api.example.com:443"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Let names resolve to one list of addresses after the other."""
    answers: list[list[str]] = []

    async def resolve(
        self: object, host: str, port: int = 0, family: int = 0
    ) -> list[aiohttp.abc.ResolveResult]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in found
        ]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", resolve)
    monkeypatch.setattr("aiohttp.resolver.AsyncResolver.resolve", resolve, raising=False)
    return answers


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
async def test_a_public_name_that_resolves_to_this_machine_is_never_connected_to(
    names: list[list[str]], address: str
) -> None:
    names.append([address])
    async with Upstream().running() as upstream, open_client(HOSTED, Limits()) as http:
        with pytest.raises(httpx.HTTPError):
            await http.post(f"http://api.example.com:{upstream.port}/v1", json={})

        assert upstream.requests == []


async def test_a_refused_address_looks_like_a_closed_port(names: list[list[str]]) -> None:
    names.append(["127.0.0.1"])
    async with Upstream().running() as upstream, open_client(HOSTED, Limits()) as http:
        with pytest.raises(httpx.HTTPError) as refused:
            await http.get(f"http://api.example.com:{upstream.port}/")
    async with open_client(EMBEDDED, Limits()) as http:
        with pytest.raises(httpx.HTTPError) as closed:
            await http.get(f"http://api.example.com:{upstream.port}/")

    assert type(refused.value) is type(closed.value)


async def test_redirects_are_not_followed_and_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with Upstream().running() as upstream, open_client(EMBEDDED, Limits()) as http:
        response = await http.post(upstream.base_url, json={"model": "redirect"})

    assert response.status_code == 307


async def test_a_project_on_a_private_network_is_called_there_and_nothing_else_is() -> None:
    async with Upstream().running() as project, Upstream().running() as neighbour:
        own, other = (each.base_url.removesuffix("/v1") for each in (project, neighbour))
        async with open_client(HOSTED, Limits(), own_project=own) as http:
            for path in ("/auth/v1/x", "/storage/v1/x"):
                assert (await http.post(f"{own}{path}", json={"model": "plain"})).status_code == 200
            for url in (f"{own}/v1/chat/completions", f"{other}/auth/v1/x", f"{own}/auth/v1"):
                with pytest.raises(httpx.ConnectError):
                    await http.post(url, json={"model": "plain"})
    assert len(project.requests) == 2
    assert neighbour.requests == []
