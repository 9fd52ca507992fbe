"""Pictures: asked for, waited for, looked at, and what is done with one of them."""

from typing import Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.api.images import ImageRequest
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Job
from pocketllm_cli.tui.image_wishes import ImageWish
from pocketllm_cli.tui.job_words import about_told, model_told, picture_of
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.live import ConnectionBack, JobGone, JobTouched, Looked
from pocketllm_cli.tui.messages import CopyWanted, JobLost, JobMoved, JobWanted, PassedOn
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import JobsRead
from pocketllm_cli.tui.screens.dialogs import Confirm
from pocketllm_cli.tui.screens.file_page import FilePage
from pocketllm_cli.tui.screens.linking import choose_link
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.screens.saving import save_file
from pocketllm_cli.tui.widgets.gallery import Gallery
from pocketllm_cli.tui.widgets.image_form import ImageForm

_A_PAGE: Final = 24
_TICK_SECONDS: Final = 1.0


class ImagesScreen(PlaceScreen):
    """Has pictures made, and shows those that were and those under way."""

    CSS_PATH = ["place.tcss", "images.tcss"]
    BINDINGS = [
        bind("images.make", "make"),
        bind("images.open", "open"),
        bind("images.save", "save"),
        bind("images.copy", "copy"),
        bind("images.link", "link"),
        bind("images.retry", "retry"),
        bind("images.cancel", "cancel"),
        bind("images.remove", "remove"),
    ]
    HEADING = "Images"
    WAITING = "Reading your pictures …"

    form = getters.query_one(ImageForm)
    gallery = getters.query_one(Gallery)
    about = getters.query_one("#about", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts, deed)
        self.jobs: dict[str, Job] = {}
        self._followed: set[str] = set()
        self._has_more = False

    def compose_content(self) -> ComposeResult:
        yield ImageForm(ImageWish.from_row(self.parts.files.image_wish()))
        yield Static(self._first_step, id="empty", markup=False)
        yield Gallery(with_pictures=self.parts.options.pictures)
        yield Static(id="about", markup=False)

    @property
    def _first_step(self) -> Content:
        return Content(
            "No pictures yet.\n\nWrite above what one is to show, and press Enter. It is made at "
            "the backend: you can leave meanwhile.\n\nModel, quality and size may stay empty. "
            "The backend needs a key of a provider of pictures: its own (IMAGEROUTER_API_KEY "
            "where it runs), or yours, as a model config of the provider imagerouter "
            f"({self.key('go.models')})."
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self.gallery.tick(self.parts.now())
        if (job := self.chosen) and not job.is_over:
            self._tell_about()

    @work(group="read", exclusive=True)
    async def load(self, before: Job | None = None) -> None:
        """Read a page of the jobs that make pictures."""
        try:
            jobs = await self.parts.api.images.newest(_A_PAGE, before=before)
        except PocketLLMError as error:
            self.failed("read your pictures", error)
        else:
            self.post_message(JobsRead(jobs, before is None, len(jobs) == _A_PAGE))

    @on(JobsRead)
    async def _take_page(self, event: JobsRead) -> None:
        is_first = not self._has_content
        if event.is_first_page:
            oldest = event.jobs[-1].created_at if event.has_more else ""
            kept = [job for job in self.jobs.values() if event.has_more and job.created_at < oldest]
            if not kept:
                self._has_more = event.has_more
            self.jobs = {job.id: job for job in [*event.jobs, *kept]}
        else:
            self.jobs |= {job.id: job for job in event.jobs}
            self._has_more = event.has_more
        await self._draw()
        if is_first:
            self.show_content()
            (self.gallery if self.jobs else self.form.prompt).focus()

    async def _draw(self) -> None:
        """Show the jobs there are, the newest first, and wait for those that are not over."""
        jobs = sorted(self.jobs.values(), key=lambda job: (job.created_at, job.id), reverse=True)
        self.set_class(not jobs, "-empty")
        await self.gallery.show(jobs, self.parts.now())
        self.form.offer_models(list(dict.fromkeys(filter(None, map(model_told, jobs)))))
        for job in jobs:
            if not job.is_over and job.id not in self._followed:
                self._followed.add(job.id)
                self.post_message(JobWanted(self, job.id))

    @on(JobMoved)
    async def _take_job(self, event: JobMoved) -> None:
        if event.job.is_over:
            self._followed.discard(event.job.id)
        self.jobs[event.job.id] = event.job
        await self._draw()

    @on(JobLost)
    async def _take_loss(self, event: JobLost) -> None:
        self._followed.discard(event.job_id)
        if self.jobs.pop(event.job_id, None):
            await self._draw()

    @on(PassedOn)
    def _take_change(self, event: PassedOn) -> None:
        match event.change:
            case JobGone(job_id):
                self.post_message(JobLost(job_id))
            case JobTouched(job_id) if job_id not in self._followed:
                self._read_again()
            case Looked() | ConnectionBack():
                self._read_again()

    def _read_again(self) -> None:
        if self._has_content:
            self.load()

    @on(Gallery.EndSeen)
    def _load_older(self) -> None:
        if self._has_more and self.jobs:
            self._has_more = False  # until the page is there
            self.load(min(self.jobs.values(), key=lambda job: (job.created_at, job.id)))

    @on(Gallery.Moved)
    def _tell_about(self) -> None:
        job = self.chosen
        self.set_class(job is not None and job.status == "failed", "-troubled")
        keys = {"retry": self.key("images.retry"), "models": self.key("go.models")}
        self.about.update(Content(about_told(job, self.parts.now(), keys) if job else ""))

    @property
    def chosen(self) -> Job | None:
        """The job of the card that is selected."""
        card = self.gallery.selected if self._has_content else None
        return card.job if card else None

    def action_make(self) -> None:
        """Write what the next picture is to show."""
        self.form.prompt.focus()

    @on(ImageForm.Left)
    def _go_to_pictures(self) -> None:
        if self.jobs:
            self.gallery.focus()

    @on(ImageForm.Wanted)
    @work(group="make")
    async def _make(self, event: ImageForm.Wanted) -> None:
        self.parts.files.keep_image_wish(event.wish.as_row())
        self.form.prompt.value = ""
        try:
            job = await event.wish.ask(self.parts.api, event.prompt)
        except PocketLLMError as error:
            self.failed("have the picture made", error)
            self.form.prompt.value = self.form.prompt.value or event.prompt
        else:
            await self._show_new(job)

    async def _show_new(self, job: Job) -> None:
        self.jobs[job.id] = job
        await self._draw()
        self.gallery.select(job.id)

    def action_open(self) -> None:
        """Show the picture as large as the screen."""
        if (job := self.chosen) and (picture := picture_of(job)):
            self.app.push_screen(FilePage(self.parts, picture, job.prompt))

    @work(group="form", exclusive=True)
    async def action_save(self) -> None:
        """Save the picture on this machine, under a name that is asked for."""
        if (job := self.chosen) and (picture := picture_of(job)):
            await save_file(self, picture.path, picture.name)

    def action_copy(self) -> None:
        """Copy where the picture lies in the storage."""
        if (job := self.chosen) and job.picture_path:
            self.post_message(CopyWanted(job.picture_path, "the path"))

    @work(group="form", exclusive=True)
    async def action_link(self) -> None:
        """Copy an address from which anybody gets the picture, for a while."""
        if (job := self.chosen) and (picture := picture_of(job)):
            await choose_link(self, picture.path, picture.name)

    @work(group="job")
    async def action_retry(self) -> None:
        """Make it anew: a failed one by its job, another one of the same wish otherwise."""
        job = self.chosen
        if job is None or not job.is_over:
            return
        api = self.parts.api
        try:
            if job.status == "failed":
                again = await api.jobs.retry(job.id)
            else:
                again = await api.images.create(ImageRequest.of(job))
        except PocketLLMError as error:
            self.failed("make it anew", error)
        else:
            await self._show_new(again)

    @work(group="job")
    async def action_cancel(self) -> None:
        """Stop one that is not over."""
        job = self.chosen
        if job is None or job.is_over:
            return
        try:
            cancelled = await self.parts.api.jobs.cancel(job.id)
        except PocketLLMError as error:
            self.failed("cancel it", error)
        else:
            self.post_message(JobMoved(cancelled, self.parts.now))

    @work(group="form", exclusive=True)
    async def action_remove(self) -> None:
        """Delete a picture and the record of its job for good, once the person agrees."""
        job = self.chosen
        if job is None:
            return
        if not job.is_over:
            self.tell(f"It is being made; {self.key('images.cancel')} cancels it first.")
            return
        question = "Delete this picture for good? A chat that shows it will say that it is gone."
        if job.picture_path is None:
            question = "Delete the record of this picture, which was not made?"
        if not await self.app.push_screen_wait(Confirm(question, deed="Delete")):
            return
        try:
            await self.parts.api.images.remove(job)
        except PocketLLMError as error:
            self.failed("delete it", error)
        else:
            self.post_message(JobLost(job.id))
