from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from tests.backend_functions.chat_request.conftest import ask
from tests.backend_functions.conftest import Person

pytestmark = pytest.mark.db


async def test_answers_are_counted_when_they_end(
    alice: Person, make_chat: Callable[..., Awaitable[UUID]]
) -> None:
    await ask(alice, await make_chat(alice))
    await ask(alice, await make_chat(alice, "401"))

    text = (await alice.http.get("/metrics")).text

    provider = 'provider="openai-compatible"'
    assert f'pocketllm_answers_total{{{provider},status="complete"}} 1.0' in text
    assert f'pocketllm_answers_total{{{provider},status="failed"}} 1.0' in text
    assert f'pocketllm_tokens_total{{direction="input",{provider}}} 11.0' in text
    assert f"pocketllm_first_token_seconds_count{{{provider}}} 1.0" in text
    assert "pocketllm_running_answers 0.0" in text
