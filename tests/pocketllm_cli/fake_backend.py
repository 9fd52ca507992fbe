"""A backend that lives in a thread: rows, sign-in and answers over real HTTP, with faults."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

KEY = "sb_publishable_test"
NOW = "2026-01-02T03:04:05+00:00"
Row = dict[str, Any]


@dataclass
class FakeBackend:
    """What the server knows, and how it misbehaves."""

    url: str = ""
    tables: dict[str, list[Row]] = field(
        default_factory=lambda: {"chats": [], "messages": [], "model_configs": []}
    )
    accounts: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"token"})
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    """Requests by method and path."""
    bodies: list[Row] = field(default_factory=list)
    """Bodies of requests to the functions."""
    pieces: list[str] = field(default_factory=lambda: ["Paris", " it", " is."])
    script: Callable[["Stream"], None] | None = None
    """Writes the answer's stream in place of the usual events."""
    plain_answer: tuple[int, str, bytes] | None = None
    """Status, content type and body that every request gets."""
    failing: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """Answers by path, in place of what the path does."""
    status: str = "complete"
    token_seconds: int = 3600
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_chat(self, title: str, chat_id: str | None = None, used: str = NOW) -> Row:
        row = {"id": chat_id or str(uuid4()), "title": title, "model_config_id": None}
        row |= {"created_at": used, "updated_at": used}
        self.tables["chats"].append(row)
        return row

    def add_message(self, chat_id: str, role: str, content: str, **metadata: Any) -> Row:
        row: Row = {"id": str(uuid4()), "chat_id": chat_id, "role": role, "content": content}
        row |= {"metadata": metadata or None, "created_at": NOW}
        row["seq"] = len(self.tables["messages"]) + 1
        self.tables["messages"].append(row)
        return row

    def add_model(self, name: str, **fields: Any) -> Row:
        row: Row = {"id": str(uuid4()), "name": name, "provider": "openai", "model": "m"}
        row |= {"is_default": False, "has_key": False, "created_at": NOW, "updated_at": NOW}
        row |= {"base_url": None, "system_prompt": None, "temperature": 0.7, "max_tokens": 2048}
        row |= {"top_p": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0} | fields
        self.tables["model_configs"].append(row)
        return row

    def new_session(self, email: str) -> Row:
        with self.lock:
            access, refresh = f"access-{uuid4()}", f"refresh-{uuid4()}"
            self.tokens.add(access)
            self.refresh_tokens[refresh] = email
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "bearer",
            "expires_in": self.token_seconds,
            "expires_at": int(time.time()) + self.token_seconds,
            "user": user(email),
        }


@dataclass
class Stream:
    """The open answer of chat-request."""

    handler: "Handler"
    chat_id: str
    prompt: str

    def send(self, event: str, data: Any) -> None:
        self.raw(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

    def raw(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def start(self) -> None:
        ids = {"user_message_id": "u", "assistant_message_id": "a"}
        self.send("started", {**ids, "model": "m"})


def user(email: str) -> Row:
    return {
        "id": "11111111-1111-4111-8111-111111111111",
        "aud": "authenticated",
        "email": email,
        "app_metadata": {},
        "user_metadata": {},
        "created_at": NOW,
    }


class Handler(BaseHTTPRequestHandler):
    backend: FakeBackend
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        return None

    def _any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"null") if length else None
        self.backend.seen[f"{self.command} {parts.path}"] += 1
        if self.backend.plain_answer:
            status, kind, data = self.backend.plain_answer
            self._answer(status, data, kind)
        elif parts.path in self.backend.failing:
            status, failure = self.backend.failing[parts.path]
            self._json(status, failure)
        elif parts.path.startswith("/auth/v1/"):
            self._auth(parts.path.removeprefix("/auth/v1/"), dict(parse_qsl(parts.query)), body)
        elif self._token() not in self.backend.tokens:
            self._json(401, {"code": "PGRST301", "message": "JWT expired"})
        elif parts.path.startswith("/rest/v1/"):
            self._rest(parts.path.removeprefix("/rest/v1/"), parse_qsl(parts.query), body)
        else:
            self.backend.bodies.append(body or {})
            self._function(parts.path.removeprefix("/functions/v1/"), body)

    do_GET = do_POST = do_PATCH = do_DELETE = _any

    def _token(self) -> str:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def _answer(self, status: int, data: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("x-supabase-api-version", "2024-01-01")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _json(self, status: int, data: Any) -> None:
        self._answer(status, json.dumps(data).encode())

    def _auth(self, path: str, query: dict[str, str], body: Any) -> None:
        backend = self.backend
        if path == "signup":
            if body["email"] in backend.accounts:
                self._json(422, {"code": "user_already_exists", "message": "taken"})
                return
            backend.accounts[body["email"]] = body["password"]
            self._json(200, backend.new_session(body["email"]))
        elif path == "token" and query["grant_type"] == "password":
            if backend.accounts.get(body["email"]) != body["password"]:
                self._json(400, {"code": "invalid_credentials", "message": "wrong"})
                return
            self._json(200, backend.new_session(body["email"]))
        elif path == "token":
            email = backend.refresh_tokens.pop(body["refresh_token"], None)
            if email is None:
                self._json(400, {"code": "refresh_token_not_found", "message": "no"})
                return
            self._json(200, backend.new_session(email))
        elif path == "logout":
            self._answer(204, b"")
        elif self._token() in backend.tokens:
            self._json(200, user("me@example.org"))
        else:
            self._json(403, {"code": "bad_jwt", "message": "no"})

    def _rest(self, table: str, query: list[tuple[str, str]], body: Any) -> None:
        rows = self.backend.tables[table]
        filters = [pair for pair in query if pair[0] not in {"select", "order", "limit"}]
        matching = [row for row in rows if all(_fits(row, *pair) for pair in filters)]
        options = dict(query)
        if self.command == "POST":
            matching = [self._insert(table, body)]
        elif self.command == "PATCH":
            for row in matching:
                row.update(body)
        elif self.command == "DELETE":
            self.backend.tables[table] = [row for row in rows if row not in matching]
        elif order := options.get("order"):
            column, direction = order.split(",")[0].split(".")
            matching.sort(key=lambda row: row[column], reverse=direction == "desc")
        if limit := options.get("limit"):
            matching = matching[: int(limit)]
        if "minimal" in (self.headers.get("prefer") or ""):
            self._answer(201, b"")
            return
        columns = options["select"].split(",")
        picked = [{name: row.get(name) for name in columns} for row in matching]
        self._json(201 if self.command == "POST" else 200, picked)

    def _insert(self, table: str, body: Row) -> Row:
        if table == "chats":
            row = self.backend.add_chat(body["title"], body.get("id"))
            row["model_config_id"] = body.get("model_config_id")
            return row
        return self.backend.add_message(body["chat_id"], body["role"], body["content"])

    def _function(self, path: str, body: Any) -> None:
        if path == "chat-request":
            self._chat(body)
        elif path == "model-configs":
            fields = {key: value for key, value in body.items() if key != "api_key"}
            self._json(201, self.backend.add_model(**fields, has_key="api_key" in body))
        elif path.endswith("/test"):
            times = {"first_token_seconds": 0.31, "total_seconds": 0.5}
            self._json(200, {"model": "m", "answer": "Hi there", **times})
        else:
            row = next(
                row for row in self.backend.tables["model_configs"] if path.endswith(row["id"])
            )
            row.update({key: value for key, value in body.items() if key != "api_key"})
            self._json(200, row)

    def _chat(self, body: Row) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        stream = Stream(self, body["chatId"], body["prompt"])
        if self.backend.script:
            self.backend.script(stream)
            return
        self.backend.add_message(stream.chat_id, "user", stream.prompt)
        stream.start()
        for piece in self.backend.pieces:
            stream.send("delta", {"text": piece})
        text = "".join(self.backend.pieces)
        answer = self.backend.add_message(
            stream.chat_id, "assistant", text, status=self.backend.status, model="m"
        )
        stream.send("done", {"message": answer})


def _fits(row: Row, column: str, condition: str) -> bool:
    operator, _, value = condition.partition(".")
    actual = row[column]
    expected: Any = int(value) if isinstance(actual, int) else value
    return bool(
        {
            "eq": lambda: actual == expected,
            "gt": lambda: actual > expected,
            "gte": lambda: actual >= expected,
            "lte": lambda: actual <= expected,
        }[operator]()
    )


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        return None  # a client that goes away is part of the tests


def serve(backend: FakeBackend) -> Server:
    """Start the server and tell the backend its address."""
    handler = type("BoundHandler", (Handler,), {"backend": backend})
    server = Server(("127.0.0.1", 0), handler)
    backend.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    return server
