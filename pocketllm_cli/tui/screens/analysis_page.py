"""The analysis of a stored file: how it stands, then what its chat's model made of the file."""

from typing import Final

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Job
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.file_lines import FileLine
from pocketllm_cli.tui.job_words import reason_told, waiting_told
from pocketllm_cli.tui.keys import bind, key_of
from pocketllm_cli.tui.messages import Failed, JobLost, JobMoved, JobWanted
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.screens.app_screen import AppScreen

_TICK_SECONDS: Final = 1.0


class AnalysisPage(ModalScreen[bool]):
    """Shows an analysis until Escape, which ends none; dismisses with whether it may be of use.

    Args:
        name: Of the file.
    """

    CSS_PATH = "file_page.tcss"
    BINDINGS = [bind("place.back", "back")]

    body = getters.query_one(VerticalScroll)
    text = getters.query_one("#text", Static)

    def __init__(self, parts: Parts, name: str, job_id: str) -> None:
        super().__init__()
        self._parts, self._name, self._job_id = parts, clean_line(name), job_id
        self._job: Job | None = None
        self._is_lost = False

    def compose(self) -> ComposeResult:
        back = key_of("place.back", self._parts.options.keys)
        with Vertical():
            yield Static(Content(f"{self._name}, in short"), classes="heading", markup=False)
            yield Static("Asking for it …", classes="about", markup=False)
            with VerticalScroll():
                yield Static(id="text", markup=False)
            yield Static(Content(f"{back} goes back."), classes="keys", markup=False)

    def on_mount(self) -> None:
        self.body.focus()
        self.post_message(JobWanted(self, self._job_id))
        self.set_interval(_TICK_SECONDS, self._tick)

    @on(JobMoved)
    def _take(self, event: JobMoved) -> None:
        self._job = event.job
        if event.job.summary:
            self._say(made_of(event.job))
            self.text.update(Content(clean_text(event.job.summary).strip()))
        elif event.job.is_over:
            self._say(f"It was not made: {reason_told(event.job)}")
        else:
            self._tick()

    @on(JobLost)
    def _take_loss(self) -> None:
        self._is_lost = True
        self._say("It was deleted.")

    def _tick(self) -> None:
        if self._job is not None and not self._job.is_over and not self._is_lost:
            stands = waiting_told(self._job, self._parts.now())
            self._say(f"{stands} · it goes on without you")

    def _say(self, text: str) -> None:
        self.query_one(".about", Static).update(Content(text))

    def action_back(self) -> None:
        self.dismiss(not self._is_lost and (self._job is None or self._job.status != "failed"))


def made_of(job: Job) -> str:
    """Return by whom a summary was made, and how much of the file it is of."""
    made = job.output_data or {}
    model = made.get("model")
    told = f"By {clean_line(model)}" if isinstance(model, str) else "Made"
    read, whole = made.get("read_characters"), made.get("characters")
    if type(read) is int and type(whole) is int and read < whole:
        return f"{told}, of the first {read:,} of {whole:,} characters"
    return told


async def show_analysis(screen: AppScreen, line: FileLine, known: dict[str, str]) -> None:
    """Show the analysis of a file and have it made where it is not; to be awaited in a worker.

    Args:
        known: The jobs of those that were asked for, by the file and when it was stored.
    """
    if line.is_picture:
        screen.notify("Text and PDFs are analysed; this is a picture.", markup=False)
        return
    key = f"{line.file.path} {line.file.updated_at}"
    if key not in known:
        try:
            known[key] = (await screen.parts.api.jobs.analyze(line.file.path)).id
        except PocketLLMError as error:
            screen.post_message(Failed("have the file analysed", error))
            return
    page = AnalysisPage(screen.parts, line.name, known[key])
    if not await screen.app.push_screen_wait(page):
        known.pop(key, None)
