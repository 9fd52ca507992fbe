"""A secret key in a page has leaked: it is of no use there."""

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.gateway import RunningGateway
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
REFUSED = "Forbidden use of secret API key in browser"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rest/v1/chats?limit=1"),
        ("GET", "/auth/v1/admin/users"),
        ("GET", "/storage/v1/bucket"),
        ("POST", "/realtime/v1/api/broadcast"),
    ],
)
def test_a_secret_key_is_refused_to_browsers_and_to_nobody_else(
    gateway: RunningGateway, method: str, path: str
) -> None:
    key = gateway.cluster.keys.secret_key
    body = {"messages": [{"topic": "t", "event": "e", "payload": {}}]} if method == "POST" else None

    def answer(agent: str, **shown: str) -> httpx.Response:
        headers = {"user-agent": agent, "origin": "https://app.example", **shown}
        return httpx.request(method, gateway.url + path, headers=headers, json=body, verify=NO_TLS)

    in_a_page = answer(BROWSER, apikey=key)
    as_bearer = answer(BROWSER, authorization=f"Bearer {key}")
    on_a_server = answer("node", apikey=key, authorization=f"Bearer {key}")

    assert (in_a_page.status_code, in_a_page.json()["message"]) == (401, REFUSED)
    assert (as_bearer.status_code, as_bearer.json()["message"]) == (401, REFUSED)
    assert on_a_server.is_success
    if not path.startswith("/realtime"):
        assert in_a_page.headers["access-control-allow-origin"] == "*", "the page cannot read why"


def test_pages_go_on_using_the_publishable_key(gateway: RunningGateway) -> None:
    key = gateway.cluster.keys.publishable_key
    headers = {"user-agent": BROWSER, "apikey": key, "authorization": f"Bearer {key}"}

    assert httpx.get(f"{gateway.url}/auth/v1/settings", headers=headers, verify=NO_TLS).is_success


async def test_a_browser_opens_no_channel_with_a_secret_key(gateway: RunningGateway) -> None:
    key = gateway.cluster.keys.secret_key
    url = f"{gateway.url.replace('http', 'ws')}/realtime/v1/websocket?apikey={key}"

    with pytest.raises(InvalidStatus) as refused:
        await connect(url, user_agent_header=BROWSER)

    assert refused.value.response.status_code == 401
    async with connect(url, user_agent_header="node"):
        pass
