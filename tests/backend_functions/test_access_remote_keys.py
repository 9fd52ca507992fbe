import gzip
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from backend_functions.access import RemoteDocument, RemoteKeys, TokenVerifier, verifier_for
from backend_functions.access.remote_keys import KEEP_SECONDS, STALE_SECONDS
from backend_functions.errors import NotAuthenticated, Unavailable
from backend_functions.settings import MasterKey, Settings
from tests.backend_functions.gateway.auth.tokens import (
    ISSUER,
    LEGACY_SECRET,
    good_claims,
    hs256,
    new_pem,
    new_signer,
)

Answer = Callable[[], httpx.Response]


class Project:
    """A project's address of public keys that counts its visitors."""

    def __init__(self) -> None:
        self.signer = new_signer()
        self.answer: Answer = lambda: httpx.Response(200, json=self.signer.jwks())
        self.visits = 0
        self.now = 1000.0
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._visit))
        document = RemoteDocument(self.http, "https://x.example/jwks", clock=lambda: self.now)
        self.verifier = TokenVerifier(issuer=ISSUER, keys=RemoteKeys(document))

    def _visit(self, request: httpx.Request) -> httpx.Response:
        self.visits += 1
        return self.answer()

    def fail(self) -> None:
        self.answer = lambda: httpx.Response(500)


async def test_a_thousand_unknown_keys_cost_one_visit_a_minute() -> None:
    project = Project()
    await project.verifier.verify(project.signer.sign(good_claims()))
    strangers = new_signer()
    project.now += 61

    for _ in range(1000):
        strangers.kid = uuid4().hex
        with pytest.raises(NotAuthenticated):
            await project.verifier.verify(strangers.sign(good_claims()))

    assert project.visits == 2
    assert await project.verifier.verify(project.signer.sign(good_claims()))


async def test_a_new_key_is_found_when_a_token_names_it() -> None:
    project = Project()
    await project.verifier.verify(project.signer.sign(good_claims()))

    project.signer = new_signer()
    project.now += 61

    assert await project.verifier.verify(project.signer.sign(good_claims()))


async def test_a_key_taken_out_ends_its_verified_tokens_with_the_next_visit() -> None:
    project = Project()
    old = project.signer.sign(good_claims())
    await project.verifier.verify(old)

    project.signer = new_signer()
    project.now += 61
    await project.verifier.verify(project.signer.sign(good_claims()))

    with pytest.raises(NotAuthenticated):
        await project.verifier.verify(old)


async def test_the_last_good_keys_serve_for_hours_while_the_address_fails() -> None:
    project = Project()
    await project.verifier.verify(project.signer.sign(good_claims()))
    project.fail()

    project.now += STALE_SECONDS + 1
    assert await project.verifier.verify(project.signer.sign(good_claims()))
    assert project.visits == 2

    project.now += KEEP_SECONDS
    with pytest.raises(Unavailable):
        await project.verifier.verify(project.signer.sign(good_claims()))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(404),
        lambda: httpx.Response(302, headers={"location": "https://evil.example/"}),
        lambda: httpx.Response(200, content=b"not json"),
        lambda: httpx.Response(
            200, headers={"content-encoding": "gzip"}, content=gzip.compress(b'{"keys": []}')
        ),
        lambda: httpx.Response(200, content=b"[]"),
        lambda: httpx.Response(200, json={"keys": "none"}),
        lambda: httpx.Response(200, content=b" " * 70_000 + b'{"keys": []}'),
    ],
    ids=["404", "redirect", "no json", "gzip", "list", "no keys", "too large"],
)
async def test_an_answer_that_is_no_key_set_is_a_failure_not_a_refusal(answer: Answer) -> None:
    project = Project()
    project.answer = answer

    with pytest.raises(Unavailable):
        await project.verifier.verify(project.signer.sign(good_claims()))

    assert project.visits == 1


@pytest.mark.parametrize(
    "spoil",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"alg": "HS256"},
        {"use": "enc"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"x": None},
        {"kid": None},
    ],
    ids=str,
)
async def test_keys_of_another_kind_are_passed_over(spoil: dict[str, Any]) -> None:
    project = Project()
    spoiled = project.signer.jwks()["keys"][0] | spoil
    entries = [spoiled, "text", None, 7]
    project.answer = lambda: httpx.Response(200, content=json.dumps({"keys": entries}))

    with pytest.raises(NotAuthenticated):
        await project.verifier.verify(project.signer.sign(good_claims()))


async def test_a_private_key_that_was_published_by_mistake_is_not_trusted() -> None:
    project, pem = Project(), new_pem()
    private = load_pem_private_key(pem.encode(), None)
    assert isinstance(private, EllipticCurvePrivateKey)
    project.signer = new_signer(pem=pem)
    published = json.loads(ECAlgorithm.to_jwk(private)) | {"kid": project.signer.kid}
    project.answer = lambda: httpx.Response(200, json={"keys": [published]})

    with pytest.raises(NotAuthenticated):
        await project.verifier.verify(project.signer.sign(good_claims()))


async def test_a_hosted_project_takes_its_published_keys_and_its_legacy_secret() -> None:
    project = Project()
    settings = Settings(
        mode="hosted",
        supabase_url=ISSUER.removesuffix("/auth/v1"),
        database_url="",
        publishable_key="",
        secret_key="",
        master_keys=(MasterKey("m1", b""),),
        jwt_secret=LEGACY_SECRET,
        jwks_url="https://x.example/jwks",
    )
    verifier = verifier_for(settings, project.http)

    assert await verifier.verify(project.signer.sign(good_claims()))
    assert await verifier.verify(hs256(good_claims(), LEGACY_SECRET))
    with pytest.raises(NotAuthenticated):
        await verifier.verify(hs256({"role": "service_role", "iss": "supabase"}, LEGACY_SECRET))
