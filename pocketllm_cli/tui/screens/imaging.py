"""The part of the chat screen that has pictures made, and deals in those that were."""

from uuid import uuid4

from textual import on, work

from pocketllm_cli.errors import Conflict, PocketLLMError
from pocketllm_cli.models import Job, Turn
from pocketllm_cli.titles import title_from
from pocketllm_cli.tui.live import JobTouched
from pocketllm_cli.tui.messages import CopyWanted, Failed, Moved, PictureAsked
from pocketllm_cli.tui.opened_chat import OpenedChat
from pocketllm_cli.tui.screens.saving import save_file
from pocketllm_cli.tui.screens.writing import WritingScreen


class ImagingScreen(WritingScreen):
    """Has a picture made as an answer; the job goes on whatever becomes of the app."""

    def make_image(self, prompt: str) -> None:
        """Have a picture made in the chat that is open."""
        self._stop_editing()
        if not prompt.strip():
            self.tell("Write behind it what the picture is to show: /image A red fox in snow")
        elif not self._is_busy():
            self.opened[self.current.chat.id] = self.current
            self._make_image(self.current, prompt.strip(), None)

    @work(group="images")
    async def _make_image(self, opened: OpenedChat, prompt: str, question_id: str | None) -> None:
        """Have the job begun first: what is refused leaves nothing in the chat."""
        from pocketllm_cli.tui.image_wishes import ImageWish

        wish = ImageWish.from_row(self.parts.files.image_wish())  # as the images screen has it
        self.show_activity(opened, "asking for a picture")
        try:
            job = await wish.ask(self.parts.api, prompt, key=str(uuid4()))
        except PocketLLMError as error:
            self.show_activity(opened, "")
            self._give_prompt_back(opened, prompt, question_id)
            self.post_message(Failed("have the picture made", error))
        else:
            await self._note_picture(opened, job, question_id)

    def _give_prompt_back(self, opened: OpenedChat, prompt: str, question_id: str | None) -> None:
        if question_id is None:
            self.give_back(opened, f"/image {prompt}", ())

    async def _note_picture(self, opened: OpenedChat, job: Job, question_id: str | None) -> None:
        """Write into the chat which job makes its picture."""
        from pocketllm_cli.api.picture_turns import add_picture_turn

        api, chat = self.parts.api, opened.chat
        try:
            if not opened.is_stored:
                await self._store_chat(opened, job.prompt)
            await add_picture_turn(api.wire, chat.id, job, question_id=question_id)
        except PocketLLMError as error:
            where = self.key("go.images")
            self.tell(f"The picture is being made; {where} shows it.", seconds=12.0)
            self.post_message(Failed("put it into this chat", error))
        else:
            self.post_message(PictureAsked(chat.id))
        self.show_activity(opened, "")

    async def _store_chat(self, opened: OpenedChat, prompt: str) -> None:
        chat = opened.chat
        try:
            await self.parts.api.chats.open(chat.id, title_from(prompt), chat.model_config_id)
        except Conflict:
            return  # made by an attempt whose answer was lost

    @on(PictureAsked)
    def _show_asked(self, event: PictureAsked) -> None:
        opened = self.opened.get(event.chat_id)
        if opened is not None:
            opened.is_stored, opened.is_loaded = True, opened is self.current
            if opened is self.current:
                self.load_page(event.chat_id)
        self.load_chats()

    def make_again(self, turn: Turn) -> None:
        """Have another picture made as another version of this one."""
        question = self._question_before(turn)
        if question is not None and not self._is_busy():
            self._make_again(turn, question)

    @work(group="images", exclusive=True)
    async def _make_again(self, turn: Turn, question: Turn) -> None:
        job = await self._job_of(turn)
        prompt = job.prompt if job else question.message.content.removeprefix("/image ")
        self._make_image(self.current, prompt, question.message.id)

    async def _job_of(self, turn: Turn) -> Job | None:
        """Return the job of a picture as it is now; None where it cannot be read, which is told."""
        try:
            return await self.parts.api.jobs.get(turn.message.job_id or "")
        except PocketLLMError as error:
            self.post_message(Failed("read how the picture stands", error))
            return None

    @work(group="files", exclusive=True)
    async def do_with_picture(self, turn: Turn) -> None:
        """Let the person choose what is to be done with a picture, and do it."""
        from pocketllm_cli.tui.screens.dialogs import Choose

        job = await self._job_of(turn)
        if job is None:
            return
        choices = _deeds_for(job)
        deed = await self.app.push_screen_wait(Choose("The picture", choices))
        match deed:
            case "again":
                self.make_again(turn)
            case "cancel":
                await self._cancel(job)
            case str():
                await self._do_with_file(job, deed)

    async def _do_with_file(self, job: Job, deed: str) -> None:
        from pocketllm_cli.tui.job_words import picture_of
        from pocketllm_cli.tui.screens.file_page import FilePage
        from pocketllm_cli.tui.screens.linking import choose_link

        if (picture := picture_of(job)) is None:
            return
        match deed:
            case "open":
                self.app.push_screen(FilePage(self.parts, picture, job.prompt))
            case "save":
                await save_file(self, picture.path, picture.name)
            case "link":
                await choose_link(self, picture.path, picture.name)
            case "copy":
                self.post_message(CopyWanted(picture.path, "the path"))

    async def _cancel(self, job: Job) -> None:
        try:
            await self.parts.api.jobs.cancel(job.id)
        except PocketLLMError as error:
            self.post_message(Failed("cancel it", error))
        else:
            self.post_message(Moved(JobTouched(job.id)))  # whoever shows it looks at once


def _deeds_for(job: Job) -> list[tuple[str, str]]:
    """Return what can be done with a picture as it stands."""
    if not job.is_over:
        return [("cancel", "Cancel it")]
    if job.picture_path is None:
        return [("again", "Make it anew")]
    return [
        ("open", "Show it as large as the screen"),
        ("save", "Save it on this machine"),
        ("link", "Copy a link to it"),
        ("copy", "Copy its path in the storage"),
        ("again", "Make another one"),
    ]
