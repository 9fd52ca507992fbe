"""The files of all chats: a table that is filtered as one types, and what is done with one file."""

from typing import Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.file_lines import ORDERS, FileLine, chosen_lines, lines_of, summary_of
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.live import ChatChanged, ConnectionBack
from pocketllm_cli.tui.messages import CopyWanted, FileChosen, PassedOn
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.picked_files import PickedFile
from pocketllm_cli.tui.place_messages import FilesRead
from pocketllm_cli.tui.screens.analysis_page import show_analysis
from pocketllm_cli.tui.screens.dialogs import AskLine, Choose, Confirm
from pocketllm_cli.tui.screens.file_page import FilePage
from pocketllm_cli.tui.screens.linking import choose_link
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.screens.saving import save_file
from pocketllm_cli.tui.widgets.row_table import RowTable

_CHATS_OFFERED: Final = 60


class FilesScreen(PlaceScreen):
    """Lists, previews, saves, uploads, attaches, links, analyses and removes files."""

    CSS_PATH = ["place.tcss", "files.tcss"]
    BINDINGS = [
        bind("files.open", "open"),
        bind("files.filter", "filter"),
        bind("files.sort", "sort"),
        bind("files.chat", "chat"),
        bind("files.upload", "upload"),
        bind("files.attach", "attach"),
        bind("files.save", "save"),
        bind("files.link", "link"),
        bind("files.copy", "copy"),
        bind("files.analyze", "analyze"),
        bind("files.remove", "remove"),
    ]
    HEADING = "Files"
    WAITING = "Reading your files …"

    table = getters.query_one(RowTable)
    filter = getters.query_one("#filter", Input)
    summary = getters.query_one("#summary", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts, deed)
        self.lines: list[FileLine] = []
        self._order = ORDERS[0]
        self._only: Chat | None = None
        self._analyses: dict[str, str] = {}

    def compose_content(self) -> ComposeResult:
        yield Input(placeholder="Filter by name, type or chat", id="filter", compact=True)
        yield RowTable(
            ("NAME", "TYPE", "SIZE", "STORED", "CHAT"), numbers=("SIZE",), cut=("NAME", "CHAT")
        )
        yield Static(id="summary", markup=False)

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Read what lies in the folders of chats, and what the chats are called."""
        from pocketllm_cli.api.chat_folders import own_folder

        api = self.parts.api
        try:
            files = await api.files.below(f"{await own_folder(api)}/")
            chat_ids = {line.chat_id for line in lines_of(files, ())}
            chats = await api.chats.of_ids(sorted(chat_ids))
        except PocketLLMError as error:
            self.failed("read your files", error)
        else:
            self.post_message(FilesRead(files, chats))

    @on(PassedOn)
    def _read_again(self, event: PassedOn) -> None:
        """Read them anew where one may have come with a message, or gone with its chat."""
        if isinstance(event.change, ChatChanged | ConnectionBack) and self._has_content:
            self.load()

    @on(FilesRead)
    def _show(self, event: FilesRead) -> None:
        is_first = not self._has_content
        self.lines = lines_of(event.files, event.chats)
        if not self.lines:
            upload, back = self.key("files.upload"), self.key("place.back")
            self.say(
                f"You have no files yet.\n\nPress {upload} to upload one to a chat, or {back} and "
                "write /attach and a path\nto ask about one."
            )
            self.begin_deed()
            return
        self._list()
        self.show_content()
        if is_first:
            self.table.focus()

    @on(Input.Changed, "#filter")
    def _list(self) -> None:
        only = self._only
        chosen = chosen_lines(
            self.lines,
            text=self.filter.value,
            order=self._order,
            chat_id=only.id if only else None,
        )
        self.table.show([(line.file.path, line.cells) for line in chosen])
        told = summary_of(chosen, self._order, only) if chosen else "No file fits."
        self.summary.update(Content(clean_line(told)))

    @property
    def chosen(self) -> FileLine | None:
        """The file that the cursor is on."""
        path = self.table.row_id if self._has_content else None
        return next((line for line in self.lines if line.file.path == path), None)

    @on(Input.Submitted, "#filter")
    def _go_to_table(self) -> None:
        self.table.focus()

    @on(DataTable.RowSelected)
    def action_open(self) -> None:
        """Show it as large as the screen."""
        if line := self.chosen:
            self.app.push_screen(FilePage(self.parts, line.as_attached, line.title))

    def action_filter(self) -> None:
        """Type what the files are to be about."""
        self.filter.focus()

    def action_sort(self) -> None:
        """List them in the next order."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._list()

    def action_chat(self) -> None:
        """List the files of the chat that the cursor is on alone, or those of all chats."""
        line = self.chosen
        if self._only is not None:
            self._only = None
        elif line is not None and line.chat is not None:
            self._only = line.chat
        self._list()

    @work(group="form", exclusive=True)
    async def action_upload(self) -> None:
        """Store a file of this machine beside a chat."""
        try:
            chats = await self.parts.api.chats.newest(_CHATS_OFFERED)
        except PocketLLMError as error:
            self.failed("read your chats", error)
            return
        if not chats:
            self.tell("A file belongs to a chat, and you have none yet: ask something first.")
            return
        name = await self.app.push_screen_wait(AskLine("Upload which file?", "", most=4096))
        if name is None:
            return
        choices = [(chat.id, chat.title) for chat in chats]
        line = self.chosen
        chat_id = await self.app.push_screen_wait(
            Choose("To which chat?", choices, line.chat_id if line else None)
        )
        if chat_id is not None:
            await self._upload(name, chat_id)

    async def _upload(self, name: str, chat_id: str) -> None:
        from pocketllm_cli.api.attachments import upload_files
        from pocketllm_cli.attachables import look_at
        from pocketllm_cli.tui.picked_files import place_for

        try:
            found = look_at(place_for(name, self.parts.folder))
            (path,) = await upload_files(self.parts.api, chat_id, [found])
        except PocketLLMError as error:
            self.failed("upload the file", error)
        else:
            self.tell(f"Uploaded as {clean_line(path.rpartition('/')[2])}.")
            self.load()

    def action_attach(self) -> None:
        """Let it go with the prompt that is being written."""
        if line := self.chosen:
            self.post_message(FileChosen(PickedFile.of(line.as_attached)))

    @work(group="form", exclusive=True)
    async def action_save(self) -> None:
        """Save it on this machine, under a name that is asked for."""
        if line := self.chosen:
            await save_file(self, line.file.path, line.name)

    @work(group="form", exclusive=True)
    async def action_link(self) -> None:
        """Copy an address from which anybody gets it, for a while."""
        if line := self.chosen:
            await choose_link(self, line.file.path, line.name)

    def action_copy(self) -> None:
        """Copy where it lies in the storage."""
        if line := self.chosen:
            self.post_message(CopyWanted(line.file.path, "the path"))

    @work(group="form", exclusive=True)
    async def action_analyze(self) -> None:
        """Have its chat's model summarise it, and show the summary."""
        if line := self.chosen:
            await show_analysis(self, line, self._analyses)

    @work(group="form", exclusive=True)
    async def action_remove(self) -> None:
        """Remove it for good, once the person knows what refers to it and agrees."""
        from pocketllm_cli.api.file_uses import count_uses

        if (line := self.chosen) is None:
            return
        api = self.parts.api
        try:
            uses = await count_uses(api.wire, line.file.path)
            if not await self.app.push_screen_wait(Confirm(question_of(line, uses), deed="Remove")):
                return
            await api.files.remove(line.file.path)
        except PocketLLMError as error:
            self.failed("remove the file", error)
        else:
            self.tell(f"Removed {clean_line(line.name)}.")
            self.load()


def question_of(line: FileLine, uses: int) -> str:
    """Return what is asked before a file is removed: with it goes what messages show of it."""
    question = f"Remove {clean_line(line.name)} for good?"
    if not uses:
        return f"{question} No message of its chat refers to it."
    messages = "A message" if uses == 1 else f"{uses} messages"
    show = "shows" if uses == 1 else "show"
    return (
        f"{question}\n\n{messages} of “{clean_line(line.title)}” {show} it, as do forks of that "
        "chat: they will say that it is not there any more, and answers made anew there will do "
        "without it."
    )
