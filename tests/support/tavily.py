"""A web search that speaks Tavily's wire format; the query chooses what happens."""

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

RESULTS = [
    {"title": "One\n page", "url": "https://one.example/a", "content": "First.", "score": 0.9},
    {"title": "", "url": "https://two.example/", "content": None, "score": 0.5},
    {"title": "Evil", "url": "javascript:alert(1)", "content": "x", "score": 0.4},
    {"title": "Evil", "url": "https://x.example/\x1b]8;;", "content": "x", "score": 0.4},
]
FAILURES = {"401": 401, "429": 429, "plan": 432, "broken": 500}


@dataclass
class Tavily:
    """What was asked of it, and the app that answers."""

    queries: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/search", self._search, methods=["POST"])])

    async def _search(self, request: Request) -> Response:
        body = await request.json()
        self.queries.append(body)
        self.keys.append(request.headers["authorization"])
        query = body["query"]
        if query == "busy once" and self.queries.count(body) == 1:
            return JSONResponse({"detail": {"error": "tvly-secret"}}, 429)
        if query in FAILURES:
            return JSONResponse({"detail": {"error": "tvly-secret"}}, FAILURES[query])
        if query == "html":
            return PlainTextResponse("<html>")
        if query == "flood":
            return PlainTextResponse("x" * 3_000_000)
        if query == "nothing":
            return JSONResponse({"query": query, "results": []})
        return JSONResponse({"query": query, "results": RESULTS, "response_time": 0.1})
