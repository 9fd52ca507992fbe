import base64
import json
from typing import Any

import pytest

from pocketllm_cli.api.token_owner import owner_of

ALICE = "0198f3a2-0000-7000-8000-000000000001"


def token(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


def test_a_token_tells_whose_it_is() -> None:
    assert owner_of(token({"sub": ALICE, "role": "authenticated"})) == ALICE


@pytest.mark.parametrize(
    "other",
    [
        "",
        "sb_secret_abc",
        "a.b.c",
        "a.é.c",
        token([]),
        token({"role": "anon"}),
        token({"sub": "x,role=eq.service_role"}),
    ],
)
def test_what_does_not_tell_is_nobodys(other: str) -> None:
    assert owner_of(other) is None
