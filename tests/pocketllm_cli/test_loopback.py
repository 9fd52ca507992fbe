"""The port that takes a sign-in's code: only from who knows the state, and once."""

import asyncio
from contextlib import closing, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from pocketllm_cli.api.loopback import open_loopback
from pocketllm_cli.api.redirects import code_in_paste, path_for
from pocketllm_cli.errors import BackendTimeout, NotAllowed, UsageProblem

CODE = "0b9c3b6e-1111-2222-3333-444455556666"


async def test_only_who_knows_the_state_is_heard_and_only_once() -> None:
    async with open_loopback() as loopback, httpx.AsyncClient(trust_env=False) as http:
        port = urlsplit(loopback.address).port
        stranger = await http.get(f"http://127.0.0.1:{port}/signed-in/guess?code={CODE}")
        rebound = await http.get(f"{loopback.address}?code={CODE}", headers={"host": "evil.test"})
        posted = await http.post(f"{loopback.address}?code={CODE}")
        first = await http.get(f"{loopback.address}?code={CODE}&x=<script>")
        second = await http.get(f"{loopback.address}?code=another-code")

        assert [stranger.status_code, rebound.status_code, posted.status_code] == [404, 404, 404]
        assert (first.status_code, second.status_code) == (200, 404)
        assert CODE not in first.text
        assert "<script>" not in first.text
        assert await loopback.wait() == CODE


async def test_a_refusal_is_told_without_control_sequences() -> None:
    async with open_loopback() as loopback, httpx.AsyncClient(trust_env=False) as http:
        said = "?error=access_denied&error_description=no%1b]52;c;aGk=%07way"
        page = await http.get(f"{loopback.address}{said}")

        assert page.status_code == 400
        with pytest.raises(NotAllowed) as refused:
            await loopback.wait()
        assert "\x1b" not in refused.value.message


async def test_nobody_is_waited_for_without_end() -> None:
    async with open_loopback() as loopback:
        with pytest.raises(BackendTimeout):
            await loopback.wait(0.01)


async def test_what_is_no_request_hurts_nobody() -> None:
    async with open_loopback() as loopback, httpx.AsyncClient(trust_env=False) as http:
        port = urlsplit(loopback.address).port
        for noise in (b"\r\n\r\n", b"\xff\xfe\x00\r\n\r\n", b"GET " + b"x" * 40_000, b""):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with closing(writer), suppress(OSError):  # it hangs up on too much
                writer.write(noise)
                writer.write_eof()
                await reader.read()
        await http.get(f"{loopback.address}?code={CODE}")

        assert await loopback.wait() == CODE


@pytest.mark.parametrize(
    "text", ["", "https://evil.test/", "http://[", "x" * 5000, "http://127.0.0.1:9/signed-in/s"]
)
def test_what_is_neither_a_code_nor_its_address_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        code_in_paste(text, "s")


def test_an_address_and_a_code_alone_are_both_taken() -> None:
    address = f"http://127.0.0.1:9{path_for('s')}?code={CODE}#sb"

    assert code_in_paste(f" {address}\n", "s") == code_in_paste(f"{CODE}\n", "s") == CODE
