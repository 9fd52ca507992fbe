"""A hosted server takes the tokens of its project, whatever signs them, and no key for a person."""

import json
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from backend_functions.access.legacy_keys import make_legacy_key
from backend_functions.embedded.ports import free_port
from tests.conftest import Cluster
from tests.sql.databases import new_database
from tests.support.home import Home, home_in
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.db

SECRET = "7b2f0d0c4a6e48b1b9a5d3e8f1c2a4b6"
ES256, UNKNOWN = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
RS256 = rsa.generate_private_key(65537, 2048)
PUBLISHED = {
    "keys": [
        json.loads(ECAlgorithm.to_jwk(ES256.public_key())) | {"kid": "current", "alg": "ES256"},
        json.loads(RSAAlgorithm.to_jwk(RS256.public_key())) | {"kid": "before", "alg": "RS256"},
    ]
}
ANON, SERVICE = (
    make_legacy_key(role, SECRET, issued_at=int(time.time()), lifetime_seconds=3600)
    for role in ("anon", "service_role")
)


class Project(BaseHTTPRequestHandler):
    """All that a server asks of a project to know its people: the public keys."""

    def do_GET(self) -> None:
        is_there = self.path == "/auth/v1/.well-known/jwks.json"
        body = json.dumps(PUBLISHED).encode()
        self.send_response(200 if is_there else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def project() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Project) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True)
class Servers:
    """One as on a project that changes to new keys, one as on a project that has only these."""

    changing: str
    new: str
    issuer: str

    def token(self, key: Any, algorithm: str, **header: str) -> str:
        now = int(time.time())
        claims = {
            "sub": str(uuid4()),
            "role": "authenticated",
            "aud": "authenticated",
            "iss": self.issuer,
            "iat": now,
            "exp": now + 600,
            "session_id": str(uuid4()),
        }
        return jwt.encode(claims, key, algorithm, headers=header)


@contextmanager
def running_server(machine: Home, **settings: str) -> Iterator[str]:
    """Run `python -m backend_functions` itself."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend_functions", "--port", str(port)],
        env=machine.environment | settings,
    )
    url = f"http://127.0.0.1:{port}/functions/v1"
    try:
        while not _is_ready(url):
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(40)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, verify=NO_TLS).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def servers(
    cluster: Cluster, project: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    with new_database(cluster) as name, home_in(tmp_path_factory.mktemp("server")) as machine:
        shared = {
            "SUPABASE_URL": project,
            "SUPABASE_DB_URL": cluster.url(name),
            "POCKETLLM_PRIVATE_PROJECT": "on",
            "POCKETLLM_MASTER_KEYS": f"m1:{b64encode(bytes(range(100, 132))).decode()}",
        }
        legacy = {
            "SUPABASE_ANON_KEY": ANON,
            "SUPABASE_SERVICE_ROLE_KEY": SERVICE,
            "SUPABASE_JWT_SECRET": SECRET,
        }
        new = {
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
            "SUPABASE_SECRET_KEY": "sb_secret_test",
        }
        with (
            running_server(machine, **shared, **legacy) as changing,
            running_server(machine, **shared, **new) as only_new,
        ):
            yield Servers(changing, only_new, f"{project}/auth/v1")


def status(url: str, token: str) -> int:
    path = f"{url}/model-configs/providers"
    return httpx.get(
        path, headers={"authorization": f"Bearer {token}"}, timeout=30, verify=NO_TLS
    ).status_code


def test_any_key_of_the_project_signs_tokens_also_while_it_changes(servers: Servers) -> None:
    current = servers.token(ES256, "ES256", kid="current")
    before = servers.token(RS256, "RS256", kid="before")
    legacy = servers.token(SECRET, "HS256")

    assert [status(servers.changing, each) for each in (current, before, legacy)] == [200] * 3
    assert [status(servers.new, each) for each in (current, before, legacy)] == [200, 200, 401]


def test_what_another_key_signed_is_refused(servers: Servers) -> None:
    forged = [
        servers.token(UNKNOWN, "ES256", kid="current"),
        servers.token(UNKNOWN, "ES256", kid="mine"),
        servers.token(UNKNOWN, "ES256"),
        servers.token("another secret, of at least 32 bytes", "HS256"),
    ]

    assert {status(url, each) for each in forged for url in (servers.changing, servers.new)} == {
        401
    }


@pytest.mark.parametrize(
    "key",
    ["sb_publishable_test", "sb_secret_test", ANON, SERVICE],
    ids=["publishable", "secret", "anon", "service_role"],
)
def test_a_key_is_nobody(servers: Servers, key: str) -> None:
    assert status(servers.changing, key) == status(servers.new, key) == 401
