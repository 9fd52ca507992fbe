"""OpenAI's chat completions as api.openai.com speaks them."""

from typing import Any, ClassVar

import httpx

from backend_functions.providers.base import ChatProvider, Finished, FinishReason
from backend_functions.providers.openai_compatible import CompletionReader, OpenAICompatible
from backend_functions.providers.reader import AnswerReader
from tests.support.wire import Asked, Ending, Wire, data

_FIELDS = {
    "model",
    "messages",
    "stream",
    "stream_options",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
}
_ENDINGS = {"stop": "stop", "length": "length", "filtered": "content_filter"}


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return data({**head, "choices": [choice], "usage": None})


class OpenAIWire(Wire):
    name = "openai"
    path = "/v1"
    catalog: ClassVar[Any] = {
        "object": "list",
        "data": [
            {"id": "model-b", "object": "model", "created": 1, "owned_by": "system"},
            {"id": "model-a", "object": "model", "created": 1, "context_window": 4096},
        ],
    }

    begin = _chunk({"role": "assistant", "content": "", "refusal": None})

    def text(self, text: str) -> bytes:
        return _chunk({"content": text})

    def thought(self, text: str) -> bytes:
        return _chunk({"content": None, "reasoning_content": text})

    def finish(self, ending: Ending) -> bytes:
        usage = {
            "prompt_tokens": 11,
            "completion_tokens": 5,
            "total_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }
        return (
            _chunk({}, _ENDINGS[ending])
            + data({"id": "chatcmpl-1", "choices": [], "usage": usage})
            + b"data: [DONE]\n\n"
        )

    def finished(self, reason: FinishReason) -> Finished:
        return Finished(reason, 11, 5, 3, 2)

    def error(self, status: int) -> Any:
        return {"error": {"message": "key sk-canary", "type": "x", "param": None, "code": None}}

    def error_event(self, status: int) -> bytes:
        return data({"error": {"message": "key sk-canary", "code": status}})

    def objection(self, asked: Asked) -> str | None:
        body = asked.body
        if not asked.target.endswith("/chat/completions"):
            return "unknown address"
        if unknown := body.keys() - _FIELDS:
            return f"Unrecognized request arguments: {unknown}"
        if body["model"].startswith(("o3", "gpt-5")) and body.keys() & {
            "max_tokens",
            "temperature",
        }:
            return "Unsupported parameter"
        return None

    def model(self, asked: Asked) -> str:
        return str(asked.body.get("model"))

    def open(self, http: httpx.AsyncClient, base_url: httpx.URL, key: str | None) -> ChatProvider:
        return OpenAICompatible(http, base_url=base_url, api_key=key)

    def reader(self) -> AnswerReader:
        return CompletionReader()
