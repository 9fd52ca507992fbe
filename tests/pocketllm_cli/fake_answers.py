"""The answers of the fake backend: asked for, taken up again, cancelled, cut off on the way."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.pocketllm_cli.fake_backend import FakeBackend, Handler

Row = dict[str, Any]


class Cut(Exception):
    """The connection breaks here."""


@dataclass
class Stream:
    """One open stream of an answer.

    `question` and `answer` are the rows that belong to it; `left` is how many bytes it may still
    send before it breaks.
    """

    handler: "Handler"
    chat_id: str
    prompt: str
    question: Row
    answer: Row
    left: int | None = None

    def send(self, event: str, data: Any, event_id: int | None = None) -> None:
        number = "" if event_id is None else f"id: {event_id}\n"
        self.raw(f"{number}event: {event}\ndata: {json.dumps(data)}\n\n".encode())

    def raw(self, data: bytes) -> None:
        part = data if self.left is None else data[: self.left]
        self.handler.wfile.write(part)
        self.handler.wfile.flush()
        if self.left is not None:
            self.left -= len(part)
            if not self.left:
                raise Cut

    def start(self) -> None:
        ids = {"user_message_id": self.question.get("id", "u")}
        ids["assistant_message_id"] = self.answer["id"]
        self.send("started", {**ids, "model": "m"})

    def text(self, pieces: list[str], offset: int = 0) -> None:
        """Send pieces of the text, each with the place where it ends."""
        for piece in pieces:
            offset += len(piece)
            self.send("delta", {"text": piece}, offset)

    def end(self) -> None:
        """Send the last event, as the row of the answer has it."""
        failure = (self.answer["metadata"] or {}).get("error")
        if failure:
            self.send("failed", {**failure, "assistant_message_id": self.answer["id"]})
        else:
            self.send("done", {"message": self.answer})


@dataclass
class FakeAnswers:
    """Handles one request to chat-request."""

    backend: "FakeBackend"
    handler: "Handler"

    def handle(self, path: str, body: Any) -> None:
        if path.endswith("/cancel"):
            self._cancel(path.split("/")[1])
        elif path:
            self._resume(path.removeprefix("/"))
        else:
            self._ask(body)

    def _ask(self, body: Row) -> None:
        known = self._find(body.get("messageId"))
        if known is not None and known["role"] == "assistant":
            stream = self._open("", self._find(known["parent_id"]) or {}, known)
        elif known is not None:
            children = [row for row in self.messages if row["parent_id"] == known["id"]]
            stream = self._open(body.get("prompt", ""), known, children[0])
        else:
            stream = self._open(body.get("prompt", ""), *self._store(body))
        self._write(stream, self.backend.script or self._usual)

    def _store(self, body: Row) -> tuple[Row, Row]:
        backend, chat_id = self.backend, body["chatId"]
        question: Row = {}
        if old := self._find(body.get("regenerate")):
            question = self._find(old["parent_id"]) or {}
        elif old := self._find(body.get("edit")):
            question = backend.add_message(chat_id, "user", body["prompt"], under=old["parent_id"])
        else:
            question = backend.add_message(chat_id, "user", body["prompt"])
        if noted := [backend.noted_file(path) for path in body.get("attachments") or ()]:
            question["metadata"] = {"attachments": noted}
        wanted_id = body.get("messageId")
        if wanted_id and not body.get("regenerate"):
            question["id"] = wanted_id
        metadata = {"status": backend.status, "model": "m"}
        text = "".join(backend.pieces)
        answer = backend.add_message(chat_id, "assistant", text, under=question["id"], **metadata)
        if wanted_id and body.get("regenerate"):
            answer["id"] = wanted_id
            for chat in backend.tables["chats"]:
                if chat["id"] == chat_id:
                    chat["current_message_id"] = wanted_id
        return question, answer

    def _resume(self, answer_id: str) -> None:
        self.backend.offsets.append(self.handler.headers.get("last-event-id"))
        answer = self._find(answer_id)
        if answer is None:
            error = {"code": "not_found", "message": "There is no such answer."}
            self.handler.answer_json(404, {"error": error})
            return
        stream = self._open("", self._find(answer["parent_id"]) or {}, answer)
        self._write(stream, self.backend.resume_script or self._rest_of)

    def _cancel(self, answer_id: str) -> None:
        answer = self._find(answer_id)
        assert answer is not None
        answer["metadata"] = {"status": "cancelled", "model": "m"}
        self.handler.answer_json(200, answer)

    def _usual(self, stream: Stream) -> None:
        stream.start()
        stream.text(self.backend.pieces)
        stream.end()

    def _rest_of(self, stream: Stream) -> None:
        offset = int(self.backend.offsets[-1] or 0)
        stream.start()
        if rest := stream.answer["content"][offset:]:
            stream.text([rest], offset)
        stream.end()

    def _open(self, prompt: str, question: Row, answer: Row) -> Stream:
        handler = self.handler
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        cut = self.backend.cuts.pop(0) if self.backend.cuts else None
        return Stream(handler, answer["chat_id"], prompt, question, answer, cut)

    def _write(self, stream: Stream, script: Any) -> None:
        try:
            if stream.left == 0:
                raise Cut
            script(stream)
        except Cut:
            return

    def _find(self, message_id: str | None) -> Row | None:
        return next((row for row in self.messages if row["id"] == message_id), None)

    @property
    def messages(self) -> list[Row]:
        return self.backend.tables["messages"]
