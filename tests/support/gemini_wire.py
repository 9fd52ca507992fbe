"""The Gemini API as generativelanguage.googleapis.com speaks it: its events end in CRLF."""

import re
from typing import Any, ClassVar

import httpx

from backend_functions.providers.base import ChatProvider, Finished, FinishReason
from backend_functions.providers.gemini import ContentReader, Gemini
from backend_functions.providers.reader import AnswerReader
from tests.support.wire import Asked, Ending, Wire, data

_FIELDS = {"contents", "systemInstruction", "generationConfig"}
_TARGET = re.compile(r"/v1beta/models/([\w.-]+):streamGenerateContent\?alt=sse")
_ENDINGS = {"stop": "STOP", "length": "MAX_TOKENS", "filtered": "SAFETY"}
_NAMES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_USAGE = {"promptTokenCount": 11, "cachedContentTokenCount": 3}


def _piece(part: dict[str, Any], **candidate: str) -> bytes:
    body = {
        "candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0, **candidate}],
        "usageMetadata": {**_USAGE, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
        "modelVersion": "m",
    }
    return data(body).replace(b"\n", b"\r\n")


class GeminiWire(Wire):
    name = "gemini"
    path = "/v1beta"
    catalog: ClassVar[Any] = {
        "models": [
            {
                "name": "models/model-b",
                "displayName": "",
                "supportedGenerationMethods": ["generateContent", "countTokens"],
            },
            {
                "name": "models/model-a",
                "displayName": "A",
                "inputTokenLimit": 4096,
                "supportedGenerationMethods": ["generateContent"],
            },
            {"name": "models/embedding", "supportedGenerationMethods": ["embedContent"]},
        ]
    }

    def text(self, text: str) -> bytes:
        return _piece({"text": text})

    def thought(self, text: str) -> bytes:
        return _piece({"text": text, "thought": True})

    def finish(self, ending: Ending) -> bytes:
        return _piece({"text": "", "thoughtSignature": "EjQK"}, finishReason=_ENDINGS[ending])

    def finished(self, reason: FinishReason) -> Finished:
        return Finished(reason, 11, 5, 3, 2)

    def error(self, status: int) -> Any:
        name = _NAMES.get(status, "UNKNOWN")
        return {"error": {"code": status, "message": "key sk-canary", "status": name}}

    def error_event(self, status: int) -> bytes:
        return data(self.error(status)).replace(b"\n", b"\r\n")

    def objection(self, asked: Asked) -> str | None:
        if not _TARGET.fullmatch(asked.target):
            return "unknown address"
        if unknown := asked.body.keys() - _FIELDS:
            return f"Unknown name {unknown}: Cannot find field."
        roles = [content["role"] for content in asked.body["contents"]]
        if roles != (["user", "model"] * len(roles))[: len(roles)] or not roles:
            return "ensure that multiturn requests alternate between user and model"
        return None

    def model(self, asked: Asked) -> str:
        found = _TARGET.fullmatch(asked.target)
        return found[1] if found else ""

    def open(self, http: httpx.AsyncClient, base_url: httpx.URL, key: str | None) -> ChatProvider:
        return Gemini(http, base_url=base_url, api_key=key)

    def reader(self) -> AnswerReader:
        return ContentReader()
