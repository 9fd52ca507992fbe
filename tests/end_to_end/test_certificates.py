"""A provider whose certificate is not to be trusted, as a user meets it."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.home import Home

KEY = b"sk-canary-0123456789"


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Listen with a self-signed certificate; gives the address and what could be read."""
    context = Authority(tmp_path).server_context("self-signed")
    read: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with (
                connection,
                suppress(ssl.SSLError, ConnectionError),  # whoever calls goes away
                context.wrap_socket(connection, server_side=True) as secure,
            ):
                read.append(secure.recv(65_536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/v1", read
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_an_impostor_gets_nothing_and_the_user_is_told_why(
    home: Home, impostor: tuple[str, list[bytes]]
) -> None:
    address, read = impostor
    new = ["models", "add", "impostor", "--provider", "openai-compatible", "--model", "m"]
    added = home.run(*new, "--base-url", address, "--key-stdin", stdin=KEY)
    assert added.code == 0, added.err

    asked = home.run("ask", "-m", "impostor", "--json", "hi")
    tested = home.run("models", "test", "impostor")

    assert (asked.code, tested.code) == (5, 5)
    failure = json.loads(asked.err.splitlines()[-1])
    assert failure["code"] == "provider_unreachable"
    assert "certificate is not valid; nothing was sent" in failure["message"]
    assert "models show" in failure["hint"]
    assert "certificate is not valid" in tested.err
    assert [piece for piece in read if piece] == []
