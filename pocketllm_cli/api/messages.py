"""Messages: found by id, by their place on the shown branch, or all of a chat."""

from typing import Final

from pocketllm_cli.api.chats import LAST, Chats
from pocketllm_cli.api.identifiers import id_filters, is_whole_id
from pocketllm_cli.api.tables import Filters, Row, Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.branches import turns_of
from pocketllm_cli.errors import AmbiguousId, MessageNotFound, NothingToFollow, UsageProblem
from pocketllm_cli.models import Chat, ChatWithTurns, Message

_A_PAGE: Final = 500
_CANDIDATES: Final = 8
_ROLE_NAMES: Final = {"assistant": "answer", "user": "question"}


class Messages:
    """The messages of the person who is signed in."""

    def __init__(self, wire: Wire, chats: Chats) -> None:
        self._wire = wire
        self._chats = chats
        self._rows = Table(wire, "messages", ",".join(Message.__slots__) + ",seq,parent_id")
        self._places = Table(wire, "messages", "id,role,parent_id")
        self._tips = Table(wire, "chats", "id,current_message_id")

    async def read(self, chat: Chat) -> ChatWithTurns:
        """Return a chat with all its turns, oldest first."""
        rows: list[Row] = []
        while True:
            last_seq = rows[-1]["seq"] if rows else -1
            filters = [("chat_id", f"eq.{chat.id}"), ("seq", f"gt.{last_seq}")]
            page = await self._rows.select(filters, order="seq.asc", limit=_A_PAGE)
            rows += page
            if len(page) < _A_PAGE:
                tip = await self._tip_id(chat.id)
                return ChatWithTurns(chat, tuple(turns_of(rows, tip)))

    async def find(self, chat: str | None, reference: str) -> Message:
        """Return the message of an id, or of the beginning of one within a chat.

        Args:
            chat: A chat as people name it; None is the last one, and any for a whole id.

        Raises:
            MessageNotFound: There is none.
            AmbiguousId: There are several; the hint lists them.
        """
        wanted = id_filters(reference)
        if wanted is None:
            raise MessageNotFound(f"There is no message “{reference}”.")
        filters: Filters = wanted
        if chat is not None or not is_whole_id(reference):
            where = await self._chats.find(chat or LAST)
            filters = [("chat_id", f"eq.{where.id}"), *wanted]
        rows = await self._rows.select(filters, order="seq.desc", limit=_CANDIDATES)
        if not rows:
            raise MessageNotFound(f"There is no message “{reference}” in this chat.")
        if len(rows) > 1:
            found = [Message.from_row(row) for row in rows]
            raise AmbiguousId(f"“{reference}” fits more than one message.", hint=_candidates(found))
        return Message.from_row(rows[0])

    async def find_prompt(self, chat: str | None, reference: str) -> Message:
        """Return a user message; `last` is the newest one of the branch that is shown.

        Raises:
            UsageProblem: It is no user message.
        """
        if reference == LAST:
            where = await self._chats.find(chat or LAST)
            reference = await self._newest_of(where, "user")
        message = await self.find(chat, reference)
        if message.role != "user":
            raise UsageProblem(
                f"{message.id} is not a question.",
                hint="`--edit` takes the id of a user message, or `last`.",
            )
        return message

    async def last_answer_id(self, chat: Chat) -> str:
        """Return the id of the newest answer on the branch that is shown."""
        return await self._newest_of(chat, "assistant")

    async def streaming_answer_id(self, chat: Chat) -> str:
        """Return the id of the answer that is being written.

        Raises:
            NothingToFollow: There is none.
        """
        filters = [
            ("chat_id", f"eq.{chat.id}"),
            ("role", "eq.assistant"),
            ("metadata->>status", "eq.streaming"),
        ]
        rows = await self._places.select(filters, order="seq.desc", limit=1)
        if not rows:
            raise NothingToFollow(hint=f"Read it with `pocketllm chats show {chat.id[:8]}`.")
        return str(rows[0]["id"])

    async def show_version(self, message_id: str) -> None:
        """Let the chat show the branch of this message."""
        body = {"message_id": message_id}
        await self._wire.ask(Call("tables", "POST", "rpc/show_version", body=body))

    async def _newest_of(self, chat: Chat, role: str) -> str:
        message_id = await self._tip_id(chat.id)
        while message_id is not None:
            rows = await self._places.select([("id", f"eq.{message_id}")], limit=1)
            if not rows:
                break
            if rows[0]["role"] == role:
                return message_id
            message_id = rows[0]["parent_id"]
        raise MessageNotFound(
            f"There is no {_ROLE_NAMES[role]} in this chat yet.",
            hint=f"Look at it with `pocketllm chats show {chat.id[:8]}`.",
        )

    async def _tip_id(self, chat_id: str) -> str | None:
        rows = await self._tips.select([("id", f"eq.{chat_id}")], limit=1)
        return rows[0]["current_message_id"] if rows else None


def _candidates(messages: list[Message]) -> str:
    lines = [f"  {m.id[:13]}  {m.role:<9}  {' '.join(m.content.split())[:40]}" for m in messages]
    return "\n".join(["Give more of the id:", *lines])
