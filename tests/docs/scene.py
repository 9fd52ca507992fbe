"""Everything that the examples of the docs speak of is there before each of them runs.

Examples name things that only an example has: a chat `3f2a`, a project `abc.supabase.co`, a paid
provider. Chats, models, people and files are made under the names that the docs use; what stands
for the rest is in `_stands_for`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.docs.belongings import KEY, PASSWORD, put_files
from tests.docs.blocks import Block
from tests.docs.machine import Machine
from tests.docs.people import People
from tests.docs.records import JOBS, Records
from tests.docs.terminal_pump import Typed, type_block

MODELS = ("work", "fast", "box", "gpt", "claude")

_WRITES_ANEW = re.compile(r"admin backup (?!.*--verify)|users export")
"""What replaces no file."""
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
        if _WRITES_ANEW.search(text):
            for name in ("pocketllm.backup", "ada.zip"):
                (home.folder / name).unlink(missing_ok=True)
        self.people.get_ready(text, self.before, self.backend)
        self._set_models(text)
        url, key = self.backend["url"], self.backend["secret_key"]
        Records(self.machine, self.people.local_id, url, key).put(text)
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
            r"--context staging": "--context work",
            r"USER-ID": self.people.local_id,
            r"(?<=users delete )3f2a\S+": "ada@example.com",
            r"(?<=jobs retry )ID|(?<=jobs cancel )ID": JOBS[-1],
            r"<folder[^>]*>": str(self.machine.home.backend_folder),
            r"retire (ID|[A-Za-z0-9_-]{30,})( --yes)?": f"retire --yes $({_EARLIER_KEY})",
            r"postgresql://…": self._secrets()["SUPABASE_DB_URL"],
            r"(?<=keys retire )m1": self._secrets()["POCKETLLM_MASTER_KEYS"]
            .split(",")[-1]
            .split(":")[0],
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
            "SUPABASE_SECRET_KEY": self.backend["secret_key"],
        }

    def _answer(self, question: str) -> str:
        if "Again" not in question:
            answers = {
                "[y/N]": "y",
                "Secret key": self.backend["secret_key"],
                "database": self._secrets()["SUPABASE_DB_URL"],
                "New password": "a third long password",
                "Password": PASSWORD,
                "": KEY,
            }
            self.answered = next(text for words, text in answers.items() if words in question)
        return self.answered

    def _set_backend(self) -> None:
        """Have one that runs; after `backend reset` it is a new one, where nothing is."""
        path = self.machine.home.backend_folder / "backend.json"
        found = json.loads(path.read_text()) if path.exists() else {}
        if found == self.backend and found.get("state") == "ready":
            return
        self.machine.start()
        found = self.machine.home.status()
        if found["secret_key"] != self.backend.get("secret_key"):
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
