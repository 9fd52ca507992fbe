"""A question that the backend refuses; the rest is asked of the embedded backend."""

from pathlib import Path

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app


async def test_a_prompt_that_is_refused_is_told_and_given_back(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    refusal = {"error": {"code": "provider_rejected_key", "message": "The key is wrong."}}
    fake.failing["/functions/v1/chat-request"] = (402, refusal)
    async with shown_app(context, folder) as shown:
        await shown.ask("Where?")
        await shown.until(lambda: shown.screen.composer.text == "Where?")

        assert not shown.texts
        assert any("The key is wrong." in note.message for note in shown.app._notifications)
        assert not shown.screen.parts.files.outbox()
