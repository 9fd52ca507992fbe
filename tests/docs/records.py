"""The chats and jobs that examples name, under the ids that the docs use."""

import json
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.docs.machine import Machine
from tests.support.plain import NO_TLS

CHATS = ("77c10000-0000-4000-8000-000000000002", "3f2a0000-0000-4000-8000-000000000001")
"""The last one is the newest."""
MESSAGE = "91bc0000-0000-4000-8000-000000000003"
JOBS = ("77c10000-0000-4000-8000-000000000005", "3f2a6c1e-0000-4000-8000-000000000000")
"""Pictures that are there; the last one is the newest."""
RUNNING = "5e110000-0000-4000-8000-000000000006"
"""A picture that is never done, where an example cancels one."""

_ABOUT_JOBS = re.compile(r"pocketllm (admin )?(jobs|images)")
_ABOUT_CHATS = re.compile(r"3f2a|77c1|91bc|last|-c |regenerate")
_CHAT = "insert into public.chats (id, user_id, title) values (%s, %s, 'Trip to Oslo')"
_MESSAGE = (
    "insert into public.messages (id, chat_id, user_id, role, content) values (%s, %s, %s, %s, %s)"
)
_JOB = (
    "insert into public.jobs (id, user_id, job_type, status, input_data, output_data, error_log)"
    " values (%s, %s, 'image_generation', %s::public.job_status, %s, %s, %s)"
)


@dataclass(frozen=True, slots=True)
class Records:
    """What one user has at a backend."""

    machine: Machine
    user_id: str
    url: str
    secret_key: str

    def put(self, text: str) -> None:
        """Have what a block speaks of, as it was never touched."""
        self.machine.sql("delete from public.jobs where user_id = %s", self.user_id)
        if _ABOUT_JOBS.search(text):
            self._put_jobs(text)
        if _ABOUT_CHATS.search(text):
            self._put_chats()
            if re.search("files (link|analyze)", text):
                self._put_file("report.pdf")
            if "restore" in text and "delete" not in text:
                self.machine.run_locally("chats", "delete", CHATS[0], "--yes")

    def _put_chats(self) -> None:
        """Two chats with a question and an answer; in the newest a picture."""
        sql = self.machine.sql
        sql("delete from public.chats where id = any(%s)", list(CHATS))
        sql("delete from private.deleted_chats where id = any(%s)", list(CHATS))
        for chat in CHATS:
            sql(_CHAT, chat, self.user_id)
            question = MESSAGE if chat == CHATS[-1] else str(uuid4())
            sql(_MESSAGE, question, chat, self.user_id, "user", "What is a monad?")
            sql(_MESSAGE, str(uuid4()), chat, self.user_id, "assistant", "A burrito.")
        self._put_file("photo.jpg")

    def _put_file(self, name: str) -> None:
        file = self.machine.home.folder / name
        self._store(f"user_files/{self.user_id}/{CHATS[-1]}/{name}", file)

    def _put_jobs(self, text: str) -> None:
        """Two jobs that are done, or failed where one is done anew; and one at work to cancel."""
        is_failed = re.search(r"jobs retry (3f2a|last|ID)", text) and "cancel" not in text
        if re.search("jobs cancel (3f2a|ID)", text):
            self._put_job(JOBS[-1], "pending", None, None, model="waits")
            return
        for job in JOBS:
            name = f"generated_images/{self.user_id}/{job}.png"
            self._store(name, self.machine.home.folder / "scans/1.png")
            made = {"path": f"private/{name}", "size": 100, "width": 8, "height": 8}
            if is_failed:
                self._put_job(job, "failed", None, "The provider was away.")
            else:
                self._put_job(job, "completed", made, None)
        if "jobs cancel" in text:
            self._put_job(RUNNING, "pending", None, None, model="waits")

    def _put_job(
        self, job_id: str, status: str, made: Any, reason: str | None, *, model: str = "test/test"
    ) -> None:
        wish = json.dumps({"prompt": "a red balloon", "modelId": model})
        output = json.dumps(made) if made else None
        self.machine.sql(_JOB, job_id, self.user_id, status, wish, output, reason)

    def _store(self, name: str, file: Path) -> None:
        kind = mimetypes.guess_type(file.name)[0] or ""
        httpx.post(
            f"{self.url}/storage/v1/object/user_assets/private/{name}",
            content=file.read_bytes(),
            headers={"apikey": self.secret_key, "content-type": kind, "x-upsert": "true"},
            timeout=30,
            verify=NO_TLS,
        ).raise_for_status()
