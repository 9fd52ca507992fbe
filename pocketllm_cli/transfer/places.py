"""What things of one account are called in the other; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from pocketllm_cli.api.avatars import avatar_path
from pocketllm_cli.exports.whole_chat import WholeChat

_PATH_PARTS: Final = 5
"""private/{kind}/{user_id}/{chat_id}/{file}"""


@dataclass(slots=True)
class Places:
    """The two accounts, and how ids of the one read in the other.

    Ids stay what they are, except those that the target gives itself (model configs) and those
    that somebody else has there already, which are made anew, the same way every time.
    """

    source_user: str
    target_user: str
    models: dict[str, str] = field(default_factory=dict)
    """Ids of model configs; one that is not here is not there."""
    _renamed: set[str] = field(default_factory=set)

    def rename(self, chat_id: str) -> None:
        """Give a chat and its messages other ids: somebody else has those at the target."""
        self._renamed.add(chat_id)

    def chat_id(self, chat_id: str) -> str:
        """Return what the chat is called at the target."""
        return self._other(chat_id) if chat_id in self._renamed else chat_id

    def path(self, path: str) -> str:
        """Return where a file of the source's account lies at the target."""
        if path == avatar_path(self.source_user):
            return avatar_path(self.target_user)
        top, *parts = path.split("/")
        if top != "private" or len(parts) < 2 or parts[1] != self.source_user:
            return path
        parts[1] = self.target_user
        if parts[0] == "user_files" and len(parts) == _PATH_PARTS - 1:
            parts[2] = self.chat_id(parts[2])
        return "/".join([top, *parts])

    def record(self, chat: WholeChat) -> dict[str, Any]:
        """Return a chat as it is brought in at the target."""
        record = chat.as_record()
        is_renamed = record["id"] in self._renamed
        model = record["model_config_id"]
        record["model_config_id"] = model and self.models.get(model)
        record["messages"] = [self._message(row, is_renamed) for row in record["messages"]]
        if is_renamed:
            for name in ("id", "current_message_id"):
                record[name] = record[name] and self._other(record[name])
        return record

    def _message(self, row: Mapping[str, Any], is_renamed: bool) -> dict[str, Any]:
        message = dict(row)
        if row["metadata"]:
            message["metadata"] = self._metadata(row["metadata"])
        if is_renamed:
            for name in ("id", "parent_id"):
                message[name] = message[name] and self._other(message[name])
        return message

    def _metadata(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        told = dict(metadata)
        if (model := told.get("model_config_id")) in self.models:
            told["model_config_id"] = self.models[model]
        if told.get("status") == "streaming":  # nobody goes on writing it there
            told["status"] = "interrupted"
        files = told.get("attachments")
        if isinstance(files, list):
            told["attachments"] = [self._attachment(one) for one in files]
        return told

    def _attachment(self, one: Any) -> Any:
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            return {**one, "path": self.path(one["path"])}
        return one

    def _other(self, name: str) -> str:
        return str(uuid5(UUID(self.target_user), name))
