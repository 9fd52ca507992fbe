"""Everything that the examples of the docs speak of is there before each of them runs.

Examples name things that only an example has: a chat `3f2a`, a project `abc.supabase.co`, a paid
provider. Chats, models, people and files are made under the names that the docs use; what stands
for the rest is in `_stands_for`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.docs.belongings import KEY, PASSWORD, put_files
from tests.docs.blocks import Block
from tests.docs.machine import Machine
from tests.docs.people import People
from tests.docs.terminal_pump import Typed, type_block

CHATS = ("77c10000-0000-4000-8000-000000000002", "3f2a0000-0000-4000-8000-000000000001")
"""The last one is the newest."""
MESSAGE = "91bc0000-0000-4000-8000-000000000003"
MODELS = ("work", "fast", "box", "gpt", "claude")

_ABOUT_CHATS = re.compile(r"3f2a|77c1|91bc|last|-c |regenerate")
_CHAT = "insert into public.chats (id, user_id, title) values (%s, %s, 'Trip to Oslo')"
_MESSAGE = (
    "insert into public.messages (id, chat_id, user_id, role, content) values (%s, %s, %s, %s, %s)"
)
_MINE = "from public.model_configs where user_id = %s"
_EARLIER_KEY = (
    "pocketllm admin auth-keys list --json |"
    """ jq -r '[.[] | select(.state != "current") | .id][-1]'"""
)


@dataclass
class Scene:
    """A machine with a backend of its own, where blocks are run one after the other."""

    machine: Machine
    provider: str
    """Where a stand-in speaks as OpenAI does, for whatever provider an example names."""
    backend: dict[str, Any] = field(default_factory=dict)
    """What `backend.json` said when everything was made."""
    before: str = ""
    """What was run last."""
    answered: str = ""
    """What was typed at the last question."""

    def __post_init__(self) -> None:
        self.people = People(self.machine)

    def play(self, block: Block) -> Typed:
        """Put everything in its place, and run one block."""
        text, home = block.text, self.machine.home
        self._set_backend()
        put_files(home.folder)
        self.people.get_ready(text, self.before, self.backend)
        self._set_models(text)
        if _ABOUT_CHATS.search(text):
            self._set_chats()
        self.before = text
        for pattern, meant in self._stands_for().items():
            text = re.sub(pattern, meant.replace("\\", r"\\"), text)
        environment = home.environment | self._secrets()
        return type_block(text, folder=home.folder, environment=environment, answer=self._answer)

    def _stands_for(self) -> dict[str, str]:
        """What of an example is taken for what, by a pattern of the former."""
        stand_in = f"--provider openai-compatible --base-url {self.provider} "
        return {
            r"https://(abc\.supabase\.co|project\.example)\b": self.backend["url"],
            r"sb_publishable_(xyz|…|\.\.\.)": self.backend["publishable_key"],
            r"--provider (openai|anthropic|gemini|groq) ": stand_in,
            r"--provider openai-compatible --base-url \S+ ": stand_in,
            r"<folder[^>]*>": str(self.machine.home.backend_folder),
            r"retire (ID|[A-Za-z0-9_-]{30,})": f"retire $({_EARLIER_KEY})",
            r"postgresql://…": self._secrets()["SUPABASE_DB_URL"],
            r"=m1:…": f"={self._secrets()['POCKETLLM_MASTER_KEYS']}",
        }

    def _secrets(self) -> dict[str, str]:
        """What the environment of whoever follows the docs holds."""
        keys = self.machine.keys
        return {
            "SUPABASE_DB_URL": self.machine.database_url("postgres", keys.owner_password),
            "POCKETLLM_MASTER_KEYS": keys.master_keys,
            "OPENAI_API_KEY": KEY,
            "GROQ_API_KEY": KEY,
            "NEW": "another long password",
        }

    def _answer(self, question: str) -> str:
        if "Again" not in question:
            answers = {
                "[y/N]": "y",
                "database": self._secrets()["SUPABASE_DB_URL"],
                "New password": "a third long password",
                "Password": PASSWORD,
                "": KEY,
            }
            self.answered = next(text for words, text in answers.items() if words in question)
        return self.answered

    def _set_backend(self) -> None:
        """Have one that runs; after `backend reset` it is a new one, where nothing is."""
        home = self.machine.home
        path = home.backend_folder / "backend.json"
        if not path.exists() or json.loads(path.read_text())["state"] != "ready":
            self.machine.run("backend", "start")
        if (found := home.status())["secret_key"] != self.backend.get("secret_key"):
            self.people = People(self.machine)
        self.backend = found

    def _set_models(self, text: str) -> None:
        """Let there be every model config an example names, but those it adds, and a default."""
        user, sql = self.people.local_id, self.machine.sql
        added = re.findall(r"(?:models add|--name) (\w+)", text)
        sql(f"delete {_MINE} and name = any(%s)", user, added)
        there = {name for (name,) in sql(f"select name {_MINE}", user)}
        model = ("--provider", "openai-compatible", "--model", "code", "--key-stdin")
        for name in ("code", *(name for name in MODELS if name in text)):
            if name not in {*there, *added}:
                address = ("--base-url", self.provider)
                self.machine.run_locally("models", "add", name, *model, *address, stdin=KEY + "\n")
        if not sql(f"select 1 {_MINE} and name = 'code' and is_default", user):
            self.machine.run_locally("models", "default", "code")

    def _set_chats(self) -> None:
        """Let the two chats be there, with a question and an answer; in the newest a picture."""
        user, sql = self.people.local_id, self.machine.sql
        sql("delete from public.chats where id = any(%s)", list(CHATS))
        sql("delete from private.deleted_chats where id = any(%s)", list(CHATS))
        for chat in CHATS:
            sql(_CHAT, chat, user)
            question = MESSAGE if chat == CHATS[-1] else str(uuid4())
            sql(_MESSAGE, question, chat, user, "user", "What is a monad?")
            sql(_MESSAGE, str(uuid4()), chat, user, "assistant", "A burrito.")
        path = f"user_assets/private/user_files/{user}/{CHATS[-1]}/photo.jpg"
        headers = {"apikey": self.backend["secret_key"], "content-type": "image/jpeg"}
        httpx.post(
            f"{self.backend['url']}/storage/v1/object/{path}",
            content=(self.machine.home.folder / "photo.jpg").read_bytes(),
            headers=headers | {"x-upsert": "true"},
            timeout=30,
        ).raise_for_status()
