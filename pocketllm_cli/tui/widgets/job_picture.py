"""A picture that is being made, in a conversation: how it stands, then the picture, or why not."""

from datetime import datetime
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.tui.job_words import picture_of, reason_told, waiting_told
from pocketllm_cli.tui.keys import key_of
from pocketllm_cli.tui.messages import JobLost, JobMoved, JobWanted
from pocketllm_cli.tui.options import Look
from pocketllm_cli.tui.widgets.picture import PictureView

_TICK_SECONDS: Final = 1.0


class JobPicture(Vertical):
    """Asks how its job stands when it is mounted, and is told until that is over."""

    DEFAULT_CSS = """
    JobPicture {
        height: auto;
        & > .state { height: auto; color: $text-muted; }
        &.-failed > .state { color: $text-error; }
    }
    """

    def __init__(self, job_id: str, look: Look) -> None:
        super().__init__()
        self.job_id = job_id
        self._look = look
        self._told: JobMoved | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content("Looking how the picture stands …"), classes="state", markup=False)

    def on_mount(self) -> None:
        self.post_message(JobWanted(self, self.job_id))
        self.set_interval(_TICK_SECONDS, self._tick)

    @on(JobMoved)
    async def _take(self, event: JobMoved) -> None:
        self._told, job = event, event.job
        self.set_class(job.status == "failed", "-failed")
        if not job.is_over:
            self._tick()
        elif picture := picture_of(job):
            self._say(f"▪ {picture.name} · {self._key} opens, saves or links it")
            if self._look.pictures and not self.query(PictureView):
                await self.mount(PictureView(picture))
        else:
            self._say(f"No picture: {reason_told(job)}\n{self._key} makes it anew.")

    @on(JobLost)
    def _take_loss(self) -> None:
        self._told = None
        self._say("The picture was deleted.")

    def _tick(self) -> None:
        if self._told is not None and not self._told.job.is_over:
            now: datetime = self._told.now()
            self._say(f"{waiting_told(self._told.job, now)} · {self._key} cancels it")

    @property
    def _key(self) -> str:
        """How one gets there from the composer, and what is to be pressed then."""
        keys = self._look.keys
        return f"{key_of('chat.messages', keys)}, {key_of('messages.files', keys)}"

    def _say(self, text: str) -> None:
        state = self.query_one(".state", Static)
        if state.content != Content(text):
            state.update(Content(text))
