"""The person of the docs: everything that examples speak of is there before each of them runs.

Examples name things that only an example has: a chat `3f2a`, a project `abc.supabase.co`, a paid
provider. Chats, models, people and files are made under the names that the docs use; what stands
for the rest is in `_stands_for`.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from backend_functions.embedded.machine_keys import load
from backend_functions.embedded.platform import database_url
from backend_functions.embedded.postgres import SUPERUSER
from tests.docs.belongings import KEY, PASSWORD, put_files
from tests.docs.blocks import Block
from tests.docs.terminal_pump import Typed, type_block
from tests.support.backend import sign_up
from tests.support.home import Home

CHATS = ("77c10000-0000-4000-8000-000000000002", "3f2a0000-0000-4000-8000-000000000001")
"""The last one is the newest."""
MESSAGE = "91bc0000-0000-4000-8000-000000000003"
MODELS = ("work", "fast", "box", "gpt", "claude")
PERSON = "me@example.com"
"""Who is signed in at the context `work`; at `embedded` it is the local account."""
PEOPLE = (PERSON, "me@example.org", "you@example.com")

_ABOUT_CHATS = re.compile(r"3f2a|77c1|91bc|last|-c |regenerate")
_ENDS_SESSIONS = re.compile(r"logout|retire|reset")
_CHANGES_SESSIONS = re.compile(r"login|signup|password|context remove")
_AT_WORK = re.compile(r"pocketllm (password|admin database)")
"""What only an account that was signed up may do, or nobody on the embedded backend."""
_MEANS_WORK = re.compile(rf"(context|to|use|show) work|{_AT_WORK.pattern}")
_EARLIER_KEY = (
    "pocketllm admin auth-keys list --json |"
    """ jq -r '[.[] | select(.state != "current") | .id][-1]'"""
)
_CHAT = "insert into public.chats (id, user_id, title) values (%s, %s, 'Trip to Oslo')"
_MESSAGE = (
    "insert into public.messages (id, chat_id, user_id, role, content) values (%s, %s, %s, %s, %s)"
)


@dataclass
class Scene:
    """A machine with a backend of its own, where blocks are run one after the other."""

    home: Home
    provider: str
    """Where a stand-in speaks as OpenAI does, for whatever provider an example names."""
    backend: dict[str, Any] = field(default_factory=dict)
    """What `backend.json` said when everything was made."""
    people: dict[str, str] = field(default_factory=dict)
    """Who has an account; the id of the local one is under `local`."""
    is_signed_in_at_work: bool = False
    before: str = ""
    """The block before this one."""
    answered: str = ""

    def play(self, block: Block) -> Typed:
        """Put everything in its place, and run one block."""
        text = block.text
        self._set_backend()
        put_files(self.home.folder)
        self._set_contexts(text)
        self._set_people(text)
        self._set_models(text)
        if _ABOUT_CHATS.search(text):
            self._set_chats()
        for pattern, meant in self._stands_for().items():
            text = re.sub(pattern, meant.replace("\\", r"\\"), text)
        return type_block(
            text,
            folder=self.home.folder,
            environment=self.home.environment | self._secrets(),
            answer=self._answer,
        )

    def _stands_for(self) -> dict[str, str]:
        stand_in = f"--provider openai-compatible --base-url {self.provider} "
        return {
            r"https://(abc\.supabase\.co|project\.example)\b": self.backend["url"],
            r"sb_publishable_(xyz|…|\.\.\.)": self.backend["publishable_key"],
            r"--provider (openai|anthropic|gemini|groq) ": stand_in,
            r"--provider openai-compatible --base-url \S+ ": stand_in,
            r"<folder[^>]*>": str(self.home.backend_folder),
            r"retire (ID|[A-Za-z0-9_-]{30,})": f"retire $({_EARLIER_KEY})",
            r"postgresql://…": self._secrets()["SUPABASE_DB_URL"],
            r"=m1:…": f"={self._secrets()['POCKETLLM_MASTER_KEYS']}",
        }

    def _secrets(self) -> dict[str, str]:
        return {
            "SUPABASE_DB_URL": self._database_url("postgres"),
            "POCKETLLM_MASTER_KEYS": load(self.home.backend_folder / "keys.json").master_keys,
            "OPENAI_API_KEY": KEY,
            "GROQ_API_KEY": KEY,
            "NEW": "another long password",
        }

    def _answer(self, question: str) -> str:
        if "Again" not in question:
            self.answered = next(
                answer
                for words, answer in (
                    ("[y/N]", "y"),
                    ("database", self._database_url("postgres")),
                    ("New password", "a third long password"),
                    ("Password", PASSWORD),
                    ("", KEY),
                )
                if words in question
            )
        return self.answered

    def _database_url(self, login: str) -> str:
        keys = load(self.home.backend_folder / "keys.json")
        port = json.loads((self.home.backend_folder / "ports.json").read_text())["postgres"]
        password = keys.admin_password if login == SUPERUSER else keys.owner_password
        return database_url(login, password, port)

    def _sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._database_url(SUPERUSER)) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _run(self, *arguments: str, stdin: str = "") -> Any:
        done = subprocess.run(
            [self.home.folder / "bin/pocketllm", *arguments, "--json"],
            input=stdin.encode(),
            capture_output=True,
            env=self.home.environment,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout or b"null")

    def _locally(self, *arguments: str, stdin: str = "") -> Any:
        return self._run("--context", "embedded", *arguments, stdin=stdin)

    def _set_backend(self) -> None:
        """Have one that runs; after `backend reset` it is a new one, where nothing is."""
        path = self.home.backend_folder / "backend.json"
        if not path.exists() or json.loads(path.read_text())["state"] != "ready":
            self._run("backend", "start")
        if (found := self.home.status()) != self.backend:
            self.backend, self.people = found, {}

    def _set_contexts(self, text: str) -> None:
        """Let `work` be this backend, with another account; or let it not be there yet."""
        current = "work" if _AT_WORK.search(text) else "embedded"
        url, key = self.backend["url"], self.backend["publishable_key"]
        work = f'current = "{current}"\n[contexts.work]\nurl = "{url}"\nanon_key = "{key}"\n'
        config = self.home.folder / "pocketllm" / "config" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("" if "context add work" in text else work)

    def _set_people(self, text: str) -> None:
        """Let everybody have an account and a session, but whom an example signs up or in."""
        kept = self.home.folder / "kept"
        if not self.people or _ENDS_SESSIONS.search(self.before):
            self._begin_anew()
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self._state, kept)
            shutil.copy(self._keyring, kept)
        elif _CHANGES_SESSIONS.search(self.before):
            shutil.rmtree(self._state)
            shutil.copytree(kept, self._state)
            shutil.copy(kept / self._keyring.name, self._keyring)
            self.is_signed_in_at_work = False
        self.before = text
        self._set_accounts(text)
        if _MEANS_WORK.search(text) and not self.is_signed_in_at_work and "login" not in text:
            told = ("login", "--email", PERSON, "--password-stdin")
            self._run("--context", "work", *told, stdin=PASSWORD + "\n")
            self.is_signed_in_at_work = True

    @property
    def _state(self) -> Path:
        return self.home.folder / "pocketllm" / "state"

    @property
    def _keyring(self) -> Path:
        return self.home.folder / "keyring.json"

    def _begin_anew(self) -> None:
        shutil.rmtree(self._state, ignore_errors=True)
        self._keyring.unlink(missing_ok=True)
        self._sql("delete from auth.users")
        self.is_signed_in_at_work = False
        self._locally("chats", "list")  # which makes the local account
        self.people = {"local": self._locally("whoami")["id"]}

    def _set_accounts(self, text: str) -> None:
        for email in PEOPLE:
            is_new = f"signup --email {email}" in text
            if is_new or "pocketllm password" in text:
                self._sql("delete from auth.users where email = %s", email)
                self.people.pop(email, None)
                self.is_signed_in_at_work &= email != PERSON
            if not is_new and email not in self.people and email in (text + PERSON):
                sign_up(self.backend["url"], self.backend["publishable_key"], email)
                self.people[email] = ""

    def _set_models(self, text: str) -> None:
        """Let there be every model config an example names, but those it adds, and a default."""
        added = re.findall(r"models add (\w+)|--name (\w+)", text)
        user = self.people["local"]
        mine = "from public.model_configs where user_id = %s"
        gone = [name for pair in added for name in pair if name]
        self._sql(f"delete {mine} and name = any(%s)", user, gone)
        there = {name for (name,) in self._sql(f"select name {mine}", user)}
        named = [name for name in MODELS if name in text]
        for name in (*named, "code"):
            if name not in {*there, *gone}:
                model = ("--provider", "openai-compatible", "--model", "code", "--key-stdin")
                address = ("--base-url", self.provider)
                self._run(
                    "--context",
                    "embedded",
                    "models",
                    "add",
                    name,
                    *model,
                    *address,
                    stdin=KEY + "\n",
                )
        if not self._sql(f"select 1 {mine} and name = 'code' and is_default", user):
            self._locally("models", "default", "code")

    def _set_chats(self) -> None:
        """Let the two chats be there, with a question, an answer and a picture in each."""
        user, headers = self.people["local"], {"apikey": self.backend["secret_key"]}
        self._sql("delete from public.chats where id = any(%s)", list(CHATS))
        self._sql("delete from private.deleted_chats where id = any(%s)", list(CHATS))
        for chat in CHATS:
            self._sql(_CHAT, chat, user)
            question = MESSAGE if chat == CHATS[-1] else str(uuid4())
            self._sql(_MESSAGE, question, chat, user, "user", "What is a monad?")
            self._sql(_MESSAGE, str(uuid4()), chat, user, "assistant", "A burrito.")
        path = f"user_assets/private/user_files/{user}/{CHATS[-1]}/photo.jpg"
        sent = httpx.post(
            f"{self.backend['url']}/storage/v1/object/{path}",
            content=(self.home.folder / "photo.jpg").read_bytes(),
            headers=headers | {"x-upsert": "true", "content-type": "image/jpeg"},
            timeout=30,
        )
        sent.raise_for_status()
