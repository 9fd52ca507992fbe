"""Anthropic's Messages API as api.anthropic.com speaks it."""

from typing import Any, ClassVar

import httpx

from backend_functions.providers.anthropic_messages import AnthropicMessages, MessageReader
from backend_functions.providers.base import ChatProvider, Finished, FinishReason
from backend_functions.providers.reader import AnswerReader
from tests.support.wire import Asked, Ending, Wire, data

_FIELDS = {"model", "messages", "system", "max_tokens", "stream", "temperature", "top_p"}
_ENDINGS = {"stop": "end_turn", "length": "max_tokens", "filtered": "refusal"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _event(kind: str, **fields: Any) -> bytes:
    return data({"type": kind, **fields}, event=kind)


class AnthropicWire(Wire):
    name = "anthropic"
    catalog: ClassVar[Any] = {
        "data": [
            {"type": "model", "id": "model-b", "display_name": "model-b"},
            {"type": "model", "id": "model-a", "display_name": "A", "max_input_tokens": 4096},
        ],
        "has_more": False,
        "first_id": "model-b",
        "last_id": "model-a",
    }
    keep_alive = _event("ping")
    begin = (
        _event(
            "message_start",
            message={
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "content": [],
                "model": "m",
                "stop_reason": None,
                "usage": {
                    "input_tokens": 7,
                    "cache_creation_input_tokens": 1,
                    "cache_read_input_tokens": 3,
                    "output_tokens": 1,
                },
            },
        )
        + _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        + _event("ping")
    )

    def text(self, text: str) -> bytes:
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def thought(self, text: str) -> bytes:
        delta = {"type": "thinking_delta", "thinking": text}
        return _event("content_block_delta", index=0, delta=delta)

    def finish(self, ending: Ending) -> bytes:
        signature = {"type": "signature_delta", "signature": "EqQB"}
        return (
            _event("content_block_delta", index=0, delta=signature)
            + _event("content_block_stop", index=0)
            + _event("from_the_future", anything=1)
            + _event(
                "message_delta",
                delta={"stop_reason": _ENDINGS[ending], "stop_sequence": None},
                usage={"output_tokens": 5, "input_tokens": None},
            )
            + _event("message_stop")
        )

    def finished(self, reason: FinishReason) -> Finished:
        return Finished(reason, 11, 5, 3)

    def error(self, status: int) -> Any:
        kind = _KINDS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": "key sk-canary"}}

    def error_event(self, status: int) -> bytes:
        return data(self.error(status), event="error")

    def objection(self, asked: Asked) -> str | None:
        body, messages = asked.body, asked.body.get("messages", [])
        if asked.target != "/v1/messages" or asked.headers.get("anthropic-version") != "2023-06-01":
            return "unknown address or version"
        if (unknown := body.keys() - _FIELDS) or "max_tokens" not in body:
            return f"max_tokens: field required; not permitted: {unknown}"
        roles = [message["role"] for message in messages]
        if roles != (["user", "assistant"] * len(roles))[: len(roles)] or not roles:
            return "messages: roles must alternate"
        if not all(message["content"] for message in messages):
            return "messages: text content blocks must be non-empty"
        return None

    def model(self, asked: Asked) -> str:
        return str(asked.body.get("model"))

    def open(self, http: httpx.AsyncClient, base_url: httpx.URL, key: str | None) -> ChatProvider:
        return AnthropicMessages(http, base_url=base_url, api_key=key)

    def reader(self) -> AnswerReader:
        return MessageReader()
