"""The steps of a smoke run, from signing in to cleaning up."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from pocketllm_cli.api.answer_events import AnswerEvent, Delta, Done, Failed
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.reading import AnswerRequest
from pocketllm_cli.errors import BackendProblem, ExitCode, error_of_answer
from pocketllm_cli.models import Message
from pocketllm_cli.smoke.belongings import Belongings
from pocketllm_cli.smoke.images import make_image
from pocketllm_cli.smoke.listening import Ear
from pocketllm_cli.smoke.names import FILE_NAME, chat_title, oldest_of_now
from pocketllm_cli.smoke.report import SmokeReport
from pocketllm_cli.smoke.runner import Step, StepRunner

# With these the local model, which is tiny, names Paris, and stops after a few words.
PROMPT: Final = "What is the capital of France?"
SYSTEM: Final = "You are a helpful assistant. Answer in one short sentence."

_LOOK_AT_LOG: Final = "Look at the log of the functions, and run `pocketllm doctor`."
_ASK_SECONDS: Final = 90.0
_IMAGE_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class SmokeWishes:
    """What the person who runs it wants.

    `email` and `password` sign in for this run alone; without both the session at hand is used.
    """

    model: str | None = None
    with_image: bool | None = None
    """None: where there is a model config for it."""
    sweep_seconds: float = 900.0
    """What earlier runs left is removed when it is older than this."""
    email: str | None = None
    password: str | None = None


class SmokeRun:
    """One run: makes a chat, uses everything with it, and removes it.

    Args:
        open_as: Opens the client of the same context with a token of its own.
    """

    def __init__(
        self,
        api: Api,
        wishes: SmokeWishes,
        open_as: Callable[[str], AbstractAsyncContextManager[Api]],
    ) -> None:
        self._api = api
        self._wishes = wishes
        self._open_as = open_as
        self._runner = StepRunner()
        self._stack = AsyncExitStack()
        self._chat_id = str(uuid4())
        self._made_at = ""
        self._answer: Message | None = None
        self._ear: Ear | None = None
        self._url: str | None = None
        self._token: str | None = None
        self._began = time.monotonic()

    @property
    def exit_code(self) -> ExitCode:
        """0, or the code of the first step that failed."""
        return self._runner.exit_code

    async def run(self) -> None:
        """Try everything; what fails is in the report."""
        steps = [
            Step("sign in", self._sign_in, seconds=60.0),
            Step("chat", self._make_chat, ("sign in",)),
            Step("leftovers", self._remove_leftovers, ("chat",), seconds=60.0),
            Step("realtime", self._listen, ("chat",)),
            Step("ask", self._ask, ("chat",), _ASK_SECONDS),
            Step("rows", self._check_rows, ("ask",)),
            Step("changes", self._hear, ("realtime", "ask")),
            Step("file", self._use_file, ("chat",)),
            Step("image", self._make_image, ("chat",), _IMAGE_SECONDS),
        ]
        async with self._stack:
            await self._runner.run(steps, Step("clean up", self._clean_up, ("sign in",)))

    def report(self) -> SmokeReport:
        """Return what was found so far."""
        steps = tuple(self._runner.done)
        return SmokeReport(
            is_ok=all(step.state != "failed" for step in steps),
            seconds=round(time.monotonic() - self._began, 3),
            context=self._api.context.name,
            url=self._url,
            steps=steps,
        )

    async def _sign_in(self) -> str:
        self._url = (await self._api.locator.locate()).url
        if self._wishes.email and self._wishes.password:
            session = await self._api.auth.sign_in(self._wishes.email, self._wishes.password)
            self._token = session.access_token
            self._api = await self._stack.enter_async_context(self._open_as(self._token))
        account = await self._api.account()
        how = "for this run" if self._token else "already"
        return f"Signed in {how} as {account.email or account.id} at {self._url}."

    async def _make_chat(self) -> str:
        config = (
            await self._api.model_configs.find(self._wishes.model) if self._wishes.model else None
        )
        title = chat_title(datetime.now(UTC))
        self._made_at = await self._belongings.make_chat(
            self._chat_id, title, config.id if config else None
        )
        await self._api.chats.add_system_prompt(self._chat_id, SYSTEM)
        return f"Made “{title}”."

    async def _remove_leftovers(self) -> str:
        moment = oldest_of_now(self._made_at, self._wishes.sweep_seconds)
        count = await self._belongings.remove_before(moment)
        return f"Removed what {count} earlier runs left." if count else "No earlier run left any."

    async def _listen(self) -> str:
        self._ear = Ear(self._api, self._chat_id)
        await self._ear.listen()
        return "It tells of changes."

    async def _ask(self) -> str:
        began = time.monotonic()
        first: float | None = None
        text = ""
        request = AnswerRequest(self._chat_id, PROMPT, message_id=str(uuid4()))
        async with aclosing(self._api.answers.ask(request).events()) as events:
            async for event in events:
                if isinstance(event, Delta):
                    first = first or time.monotonic() - began
                    text += event.text
                self._take_end(event, text)
        if self._answer is None or not text.strip():
            raise BackendProblem("The model said nothing.", hint=_LOOK_AT_LOG)
        model = (self._answer.metadata or {}).get("model")
        return f"{model} answered, first after {first or 0.0:.2f} s: {' '.join(text.split())[:60]}"

    def _take_end(self, event: AnswerEvent, text: str) -> None:
        if isinstance(event, Failed):
            raise error_of_answer(event.code, event.message, has_text=bool(text))
        if isinstance(event, Done):
            if event.message.content != text:
                raise BackendProblem("The stream and the stored answer differ.", hint=_LOOK_AT_LOG)
            self._answer = event.message

    async def _check_rows(self) -> str:
        assert self._answer is not None, "it was answered"
        chat = await self._api.chats.find(self._chat_id)
        turns = (await self._api.messages.read(chat)).turns
        found = [(turn.message.role, turn.message.content) for turn in turns]
        wanted = [("system", SYSTEM), ("user", PROMPT), ("assistant", self._answer.content)]
        if found != wanted:
            roles = ", ".join(role for role, _ in found) or "none"
            raise BackendProblem(
                f"The chat should hold what was said; it holds {roles}.", hint=_LOOK_AT_LOG
            )
        return f"{len(found)} messages are stored as they were said."

    async def _hear(self) -> str:
        assert self._ear is not None, "somebody listens"
        assert self._answer is not None, "it was answered"
        count = await self._ear.hear_of(self._answer.id)
        return f"Realtime told of the answer, {count} times so far."

    async def _use_file(self) -> str:
        path = f"{await self._belongings.folder(self._chat_id)}/{FILE_NAME}"
        content = f"{self._chat_id}\n".encode()
        await self._api.files.upload(content, path, content_type="text/plain")
        with TemporaryDirectory(prefix="pocketllm-smoke-") as folder:
            target = Path(folder) / FILE_NAME
            await self._api.files.download(path, target)
            if target.read_bytes() != content:
                raise BackendProblem("The file came back changed.", hint=_LOOK_AT_LOG)
        await self._api.files.remove(path)
        if await self._api.files.below(path):
            raise BackendProblem("The file is still there after it was removed.")
        return f"{len(content)} bytes were stored, read and removed."

    async def _make_image(self) -> str:
        return await make_image(
            self._api, self._belongings, self._chat_id, is_wanted=self._wishes.with_image
        )

    async def _clean_up(self) -> str:
        if self._ear is not None:
            await self._ear.stop()
        await self._belongings.remove(self._chat_id)
        if await self._belongings.is_there(self._chat_id):
            raise BackendProblem(
                "The chat is still there after it was removed.",
                hint=f"Remove it with `pocketllm chats delete {self._chat_id[:8]}`.",
            )
        if self._token:
            await self._api.auth.sign_out(self._token)
        return "Nothing is left."

    @property
    def _belongings(self) -> Belongings:
        return Belongings(self._api)
