from typing import Any

from pocketllm_cli.app import App
from pocketllm_cli.console import Console
from pocketllm_cli.invocation import Invocation
from pocketllm_cli.models import Found
from tests.pocketllm_cli.fake_backend import FakeBackend

ROWS = [
    {
        "id": f"m{number}",
        "chat_id": "c",
        "message_id": f"m{number}" if number else None,
        "title": "Fish",
        "role": "user" if number else None,
        "snippet": "a \x02trout\x03",
        "created_at": "2026-01-02T03:04:05+00:00",
        "score": 0.5 - number / 10,
    }
    for number in range(3)
]


def test_a_search_is_one_call_and_its_pages_follow_one_another(backend: FakeBackend) -> None:
    def answer(body: dict[str, Any]) -> list[dict[str, Any]]:
        return ROWS[2:] if "after_id" in body else ROWS[:2]

    backend.results["search_messages"] = answer
    invocation = Invocation()
    app = App(invocation, Console(invocation))

    first = app.run(lambda api: api.search.find("tro\0ut", limit=2))
    rest = app.run(lambda api: api.search.find("tro\0ut", limit=2, after=first[-1]))

    assert [*first, *rest] == [Found(**row) for row in ROWS]  # type: ignore[arg-type]
    assert backend.bodies == [
        {"query": "tro ut", "max_results": 2},
        {"query": "tro ut", "max_results": 2, "after_id": "m1"},
    ]
