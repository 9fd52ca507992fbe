"""A backend that lives in a thread: rows, sign-in and functions over real HTTP, with faults."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from pocketllm_cli import __version__
from tests.pocketllm_cli.fake_answers import FakeAnswers, Stream
from tests.pocketllm_cli.fake_storage import FakeStorage

KEY = "sb_publishable_test"
NOW = "2026-01-02T03:04:05+00:00"
TABLES = ("chats", "jobs", "messages", "model_configs", "profiles")
Row = dict[str, Any]
PROVIDERS: list[Row] = [
    {"name": "openai", "base_url": "https://api.openai.com/v1", "key": "required"},
    {"name": "ollama", "base_url": "http://127.0.0.1:11434", "key": "optional"},
    {"name": "openai-compatible", "base_url": None, "key": "optional"},
    {"name": "local", "base_url": None, "key": "none"},
]


@dataclass
class FakeBackend:
    """What the server knows, and how it misbehaves."""

    url: str = ""
    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    trash: list[Row] = field(default_factory=list)
    """Deleted chats, the last deleted first."""
    accounts: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """Codes that were mailed, by address."""
    asks_before_change: dict[tuple[str, ...], str] = field(default_factory=dict)
    """What is said of a new password that comes with these proofs."""
    tokens: set[str] = field(default_factory=lambda: {"token"})
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    """Requests by method and path."""
    bodies: list[Row] = field(default_factory=list)
    """Bodies of requests to the functions."""
    pieces: list[str] = field(default_factory=lambda: ["Paris", " it", " is."])
    script: Callable[["Stream"], None] | None = None
    """Writes the stream of a question in place of the usual events."""
    resume_script: Callable[["Stream"], None] | None = None
    """Writes the stream of an answer that is taken up again."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes each of the next streams breaks."""
    offsets: list[str | None] = field(default_factory=list)
    """The Last-Event-ID of every answer that was taken up again."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of every answer that is no stream."""
    results: dict[str, Any] = field(default_factory=dict)
    """What functions of the database answer, by name."""
    plain_answer: tuple[int, str, bytes] | None = None
    """Status, content type and body that every request gets."""
    failing: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """Answers by path, in place of what the path does."""
    hanging: set[str] = field(default_factory=set)
    """Paths that are not answered before the test is over."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over."""
    failing_once: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """The same, for one request."""
    storage: FakeStorage = field(default_factory=FakeStorage)
    status: str = "complete"
    token_seconds: int = 3600
    health: dict[str, Row] = field(
        default_factory=lambda: {
            "/auth/v1/health": {"name": "GoTrue"},
            "/functions/v1/health": {"status": "ok", "version": __version__},
            "/functions/v1/readyz": {"status": "ready"},
        }
    )
    """What is said to whoever asks, by path."""
    clock_seconds_off: int = 0
    """How far the backend's clock is before the client's."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    server: "Server | None" = None

    def go_away(self, seconds: float) -> None:
        """Let nobody listen at the address for a while."""
        port = int(self.url.rpartition(":")[2])
        self.stop()
        threading.Timer(seconds, serve, (self, port)).start()

    def stop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def add_chat(self, title: str, chat_id: str | None = None, used: str = NOW) -> Row:
        row = {"id": chat_id or str(uuid4()), "title": title, "model_config_id": None}
        row |= {"created_at": used, "updated_at": used, "current_message_id": None}
        row |= {"archived_at": None, "title_by": "person"}
        self.tables["chats"].append(row)
        return row

    def add_message(
        self, chat_id: str, role: str, content: str, *, under: str | None = "tip", **metadata: Any
    ) -> Row:
        """Hang a message under the tip of its chat, or under the message named."""
        chat = next((row for row in self.tables["chats"] if row["id"] == chat_id), {})
        row: Row = {"id": str(uuid4()), "chat_id": chat_id, "role": role, "content": content}
        row |= {"metadata": metadata or None, "created_at": NOW}
        row["seq"] = len(self.tables["messages"]) + 1
        row["parent_id"] = chat.get("current_message_id") if under == "tip" else under
        chat["current_message_id"] = row["id"]
        self.tables["messages"].append(row)
        return row

    def add_job(self, prompt: str, status: str = "pending", **fields: Any) -> Row:
        """Have a job that makes a picture; each is a second younger than the one before."""
        second = len(self.tables["jobs"])
        made_at = f"2026-01-02T11:59:{second % 60:02}+00:00"
        row: Row = {"id": str(uuid4()), "job_type": "image_generation", "status": status}
        row |= {"input_data": {"prompt": prompt, "modelId": "test/test"}, "output_data": None}
        row |= {"error_log": None, "created_at": made_at, "updated_at": made_at}
        row |= {"attempt": 0, "started_at": None, "next_attempt_at": None} | fields
        self.tables["jobs"].append(row)
        return row

    def complete_job(self, job: Row, png: bytes) -> str:
        """Store the picture of a job, and return where."""
        user_id = user("")["id"]
        path = f"private/generated_images/{user_id}/{job['id']}.png"
        self.storage.objects[path] = "image/png", png
        made = {"path": path, "size": len(png), "width": 240, "height": 120, "cost_usd": 0.01}
        job |= {"status": "completed", "attempt": 1, "output_data": made}
        return path

    def cancel_job(self, body: Row) -> Row:
        job = next(row for row in self.tables["jobs"] if row["id"] == body["job_id"])
        if job["status"] in ("pending", "processing"):
            job |= {"status": "failed", "error_log": "Cancelled."}
        return job

    def retry_job(self, body: Row) -> Row:
        job = next(row for row in self.tables["jobs"] if row["id"] == body["job_id"])
        return self.add_job(job["input_data"]["prompt"])

    def noted_file(self, path: str) -> Row:
        """Return what is noted on a question of a file that went with it."""
        kind, data = self.storage.objects[path]
        name = path.rpartition("/")[2]
        return {"path": path, "name": name, "media_type": kind, "size": len(data)}

    def delete_chats(self, body: Row) -> list[str]:
        doomed = [row for row in self.tables["chats"] if row["id"] in body["chat_ids"]]
        self.tables["chats"] = [row for row in self.tables["chats"] if row not in doomed]
        self.trash[:0] = doomed
        return [row["id"] for row in doomed]

    def deleted_chats(self, body: Row) -> list[Row]:
        keys = {"message_count": 2, "deleted_at": NOW}
        return [{"id": row["id"], "title": row["title"], **keys} for row in self.trash]

    def restore_chats(self, body: Row) -> list[Row]:
        restored = [row for row in self.trash if row["id"] in body["chat_ids"]]
        self.trash = [row for row in self.trash if row not in restored]
        self.tables["chats"] += restored
        return restored

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
            "expires_at": int(time.time()) + self.token_seconds + self.clock_seconds_off,
            "user": user(email),
        }


def _proofs(body: Row) -> tuple[str, ...]:
    return tuple(body[name] for name in ("current_password", "nonce") if name in body)


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

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.backend.clock_seconds_off)

    def _any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        kind = self.headers.get("content-type") or ""
        body = json.loads(raw) if length and kind.startswith("application/json") else None
        self.backend.seen[f"{self.command} {parts.path}"] += 1
        if parts.path in self.backend.hanging:
            self.backend.over.wait()
        if self.backend.plain_answer:
            status, kind, data = self.backend.plain_answer
            self.answer(status, data, kind)
        elif parts.path in {**self.backend.failing, **self.backend.failing_once}:
            failing = {**self.backend.failing, **self.backend.failing_once}
            status, failure = failing[parts.path]
            self.backend.failing_once.pop(parts.path, None)
            self.answer_json(status, failure)
        elif parts.path in self.backend.health:
            self.answer_json(200, self.backend.health[parts.path])
        elif parts.path.startswith("/auth/v1/"):
            self._auth(parts.path.removeprefix("/auth/v1/"), dict(parse_qsl(parts.query)), body)
        elif self._token() not in self.backend.tokens:
            self.answer_json(401, {"code": "PGRST301", "message": "JWT expired"})
        elif parts.path.startswith("/storage/v1/"):
            path = parts.path.removeprefix("/storage/v1/")
            status, answer = self.backend.storage.answer(self.command, path, kind, raw, body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.answer(status, data)
        elif parts.path.startswith("/rest/v1/"):
            self._rest(parts.path.removeprefix("/rest/v1/"), parse_qsl(parts.query), body)
        else:
            self.backend.bodies.append(body or {})
            self._function(parts.path.removeprefix("/functions/v1/"), body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any

    def _token(self) -> str:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def answer(self, status: int, data: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in {"x-supabase-api-version": "2024-01-01", **self.backend.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer_json(self, status: int, data: Any) -> None:
        self.answer(status, json.dumps(data).encode())

    def _auth(self, path: str, query: dict[str, str], body: Any) -> None:
        backend = self.backend
        if path == "signup":
            if body["email"] in backend.accounts:
                self.answer_json(422, {"code": "user_already_exists", "message": "taken"})
                return
            backend.accounts[body["email"]] = body["password"]
            self.answer_json(200, backend.new_session(body["email"]))
        elif path == "token" and query["grant_type"] == "password":
            if backend.accounts.get(body["email"]) != body["password"]:
                self.answer_json(400, {"code": "invalid_credentials", "message": "wrong"})
                return
            self.answer_json(200, backend.new_session(body["email"]))
        elif path == "token":
            email = backend.refresh_tokens.pop(body["refresh_token"], None)
            if email is None:
                self.answer_json(400, {"code": "refresh_token_not_found", "message": "no"})
                return
            self.answer_json(200, backend.new_session(email))
        elif path in {"otp", "verify", "logout"}:
            self._auth_in_short(path, body)
        elif self.command == "PUT" and (asked := backend.asks_before_change.get(_proofs(body))):
            self.answer_json(400, {"code": asked, "message": "no"})
        elif self._token() in backend.tokens:
            self.answer_json(200, user("me@example.org"))
        else:
            self.answer_json(403, {"code": "bad_jwt", "message": "no"})

    def _auth_in_short(self, path: str, body: Any) -> None:
        if path == "logout":
            self.answer(204, b"")
        elif path == "otp":
            self.answer_json(200, {})
        elif self.backend.codes.get(body["email"]) != body["token"]:
            self.answer_json(403, {"code": "otp_expired", "message": "no"})
        else:
            self.answer_json(200, self.backend.new_session(body["email"]))

    def _rest(self, table: str, query: list[tuple[str, str]], body: Any) -> None:
        if table.startswith("rpc/"):
            self.backend.bodies.append(body or {})
            name = table.removeprefix("rpc/")
            results = self.backend.results
            result = results[name] if name in results else getattr(self.backend, name)
            self.answer_json(200, result(body) if callable(result) else result)
            return
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
            self.answer(201, b"")
            return
        columns = options["select"].split(",")
        picked = [{name: row.get(name) for name in columns} for row in matching]
        self.answer_json(201 if self.command == "POST" else 200, picked)

    def _insert(self, table: str, body: Any) -> Row:
        if isinstance(body, list):
            return [self._insert(table, row) for row in body][-1]
        if table == "chats":
            row = self.backend.add_chat(body["title"], body.get("id"))
            row["model_config_id"] = body.get("model_config_id")
            return row
        if table == "jobs":
            return self.backend.add_job("", **body)
        under = body.get("parent_id") or "tip"
        metadata = body.get("metadata") or {}
        words = (body["chat_id"], body["role"], body["content"])
        return self.backend.add_message(*words, under=under, **metadata)

    def _function(self, path: str, body: Any) -> None:
        if path.startswith("chat-request"):
            FakeAnswers(self.backend, self).handle(path.removeprefix("chat-request"), body)
        elif path == "image-generation":
            job = self.backend.add_job(body["prompt"], input_data=body)
            self.answer_json(202, {"job_id": job["id"]})
        elif path == "model-configs":
            fields = {key: value for key, value in body.items() if key != "api_key"}
            self.answer_json(201, self.backend.add_model(**fields, has_key="api_key" in body))
        elif path == "model-configs/providers":
            self.answer_json(200, {"providers": PROVIDERS})
        elif path.endswith("/catalog"):
            self.answer_json(200, self.backend.results["catalog"])
        elif path.endswith("/test"):
            times = {"first_token_seconds": 0.31, "total_seconds": 0.5}
            self.answer_json(200, {"model": "m", "answer": "Hi there", **times})
        else:
            row = next(
                row for row in self.backend.tables["model_configs"] if path.endswith(row["id"])
            )
            row.update({key: value for key, value in body.items() if key != "api_key"})
            self.answer_json(200, row)


def _fits(row: Row, column: str, condition: str) -> bool:
    if column == "or":  # the one the client uses: rows before one, newest first
        match = re.search(r'(\w+_at)\.lt\."([^"]+)".*id\.lt\.([\w-]+)', condition)
        assert match is not None
        return (row[match[1]], row["id"]) < match.groups()[1:]
    operator, _, value = condition.partition(".")
    column, _, key = column.partition("->>")
    actual = (row[column] or {}).get(key) if key else row.get(column)
    expected: Any = int(value) if isinstance(actual, int) else value
    conditions: dict[str, Callable[[], bool]] = {
        "cs": lambda: _holds(actual, json.loads(value)),
        "eq": lambda: actual == expected,
        "gt": lambda: actual > expected,
        "in": lambda: str(actual) in value.strip("()").split(","),
        "is": lambda: actual is None,
        "not": lambda: actual is not None,
        "gte": lambda: actual >= expected,
        "lte": lambda: actual <= expected,
    }
    return bool(conditions[operator]())


def _holds(actual: Any, wanted: Any) -> bool:
    """Say whether a JSON value contains another, as Postgres means it."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return all(name in actual and _holds(actual[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(actual, list):
        return all(any(_holds(one, each) for one in actual) for each in wanted)
    return bool(actual == wanted)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args: object) -> None:
        return None  # a client that goes away is part of the tests


def serve(backend: FakeBackend, port: int = 0) -> None:
    """Start the server and tell the backend its address."""
    handler = type("BoundHandler", (Handler,), {"backend": backend})
    server = backend.server = Server(("127.0.0.1", port), handler)
    backend.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
