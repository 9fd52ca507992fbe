"""What others wrote does nothing on the screens beside the chat either."""

from pathlib import Path
from typing import Any

import pytest

from pocketllm_cli.models import Context
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app
from tests.pocketllm_cli.tui.test_attaching import MY_ID

HOSTILE = (
    "[/x] [red]a[/blue] [@click=app.quit]b[/] "
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m \u202egro\u202c 表"
)


def usage(body: dict[str, Any]) -> list[dict[str, Any]]:
    counts = {"answers": 1, "input_tokens": 9, "output_tokens": 1, "total_ms": 20}
    label = "2026-01-01" if body["grouping"] == "day" else HOSTILE
    return [{"label": label, "chat_id": None, "cost_usd": None, **counts}]


def is_harmless(page: str) -> bool:
    return not any(mark in page for mark in ("\x1b", "\x07", "\x9b", "\u202e"))


@pytest.fixture
def hostile(fake: FakeBackend) -> FakeBackend:
    texts = dict.fromkeys(("full_name", "username", "bio", "profession"), HOSTILE)
    fake.tables["model_configs"].clear()
    texts_of_config = {"model": HOSTILE, "provider": HOSTILE, "system_prompt": HOSTILE}
    fake.add_model(HOSTILE, base_url=HOSTILE, key_last4="[/]\x07", has_key=True, **texts_of_config)
    fake.tables["profiles"].append({"id": "1" * 8 + "-1111-4111-8111-111111111111", **texts})
    wish = {"prompt": HOSTILE, "modelId": HOSTILE, "size": HOSTILE, "quality": HOSTILE}
    fake.add_job(HOSTILE, "failed", error_log=HOSTILE, input_data=wish)
    chat = fake.add_chat(HOSTILE)["id"]
    path = f"private/user_files/{MY_ID}/{chat}/{HOSTILE.replace('/', '')}"
    fake.storage.objects[path] = HOSTILE, b""
    fake.results["usage"] = usage
    fake.results["catalog"] = {"models": [{"id": HOSTILE, "name": HOSTILE}]}
    return fake


PAGES = [["f2"], ["f3"], ["f4"], ["f2", "e"], ["f4", "e"], ["f2", "c"], ["f10"], ["f11"]]


@pytest.mark.parametrize("keys", PAGES)
async def test_a_hostile_text_is_shown_as_text(
    keys: list[str], hostile: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, size=(240, 40)) as shown:
        await shown.pilot.press(keys[0])
        await shown.see("[red]a[/blue]")
        await shown.pilot.press(*keys[1:])
        await shown.until(lambda: len(shown.app.screen_stack) == 1 + len(keys))
        await shown.see("[@click=app.quit]b[/]")
        assert is_harmless(shown.page)
        assert shown.app.return_value is None


async def test_a_hostile_failure_and_a_hostile_outcome_are_shown_as_text(
    hostile: FakeBackend, context: Context, folder: Path
) -> None:
    config = hostile.tables["model_configs"][0]
    path = f"/functions/v1/model-configs/{config['id']}/test"
    hostile.failing[path] = (402, {"error": {"code": "provider_busy", "message": HOSTILE}})
    hostile.failing["/rest/v1/profiles"] = (500, {"message": HOSTILE})
    async with shown_app(context, folder, size=(120, 40)) as shown:
        await shown.pilot.press("f2")
        await shown.see("[red]a[/blue]")
        await shown.pilot.press("t")
        await shown.see("✗")
        assert is_harmless(shown.page)
        await shown.pilot.press("f4")
        await shown.see("Could not read your profile", "[red]")
        assert is_harmless(shown.page)
