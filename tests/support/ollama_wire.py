"""Ollama's own API as its server speaks it: lines of JSON."""

from typing import Any, ClassVar

import httpx

from backend_functions.providers.base import ChatProvider, Finished, FinishReason
from backend_functions.providers.ollama import ChatReader, Ollama
from backend_functions.providers.reader import AnswerReader
from tests.support.wire import Asked, Ending, Wire, to_json

_FIELDS = {"model", "messages", "stream", "options"}
_OPTIONS = {"temperature", "num_predict", "top_p", "frequency_penalty", "presence_penalty"}
_ENDINGS = {"stop": "stop", "length": "length", "filtered": "unload"}


def _line(message: dict[str, Any], **fields: Any) -> bytes:
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    body = {**head, "message": {"role": "assistant", **message}, "done": False, **fields}
    return f"{to_json(body)}\n".encode()


class OllamaWire(Wire):
    name = "ollama"
    media_type = "application/x-ndjson"
    keep_alive = b"\n"
    catalog: ClassVar[Any] = {
        "models": [
            {"name": "model-b", "model": "model-b", "size": 1, "details": {"family": "x"}},
            {"name": "model-a", "model": "model-a", "context_length": 4096},
        ]
    }

    def text(self, text: str) -> bytes:
        return _line({"content": text})

    def thought(self, text: str) -> bytes:
        return _line({"content": "", "thinking": text})

    def finish(self, ending: Ending) -> bytes:
        counts = {"total_duration": 1, "prompt_eval_count": 11, "eval_count": 5}
        return _line({"content": ""}, done=True, done_reason=_ENDINGS[ending], **counts)

    def finished(self, reason: FinishReason) -> Finished:
        return Finished("other" if reason == "content_filter" else reason, 11, 5)

    def error(self, status: int) -> Any:
        return {"error": "key sk-canary"}

    def error_event(self, status: int) -> bytes:
        return f"{to_json(self.error(status))}\n".encode()

    def objection(self, asked: Asked) -> str | None:
        if asked.target != "/api/chat":
            return "unknown address"
        unknown = (asked.body.keys() - _FIELDS) | (asked.body.get("options", {}).keys() - _OPTIONS)
        return f"invalid: {unknown}" if unknown else None

    def model(self, asked: Asked) -> str:
        return str(asked.body.get("model"))

    def open(self, http: httpx.AsyncClient, base_url: httpx.URL, key: str | None) -> ChatProvider:
        return Ollama(http, base_url=base_url, api_key=key)

    def reader(self) -> AnswerReader:
        return ChatReader()
