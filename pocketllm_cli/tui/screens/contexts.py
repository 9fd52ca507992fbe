"""The contexts: which backends there are, and which one the app uses."""

from textual import getters, on, work
from textual.app import ComposeResult
from textual.widgets import DataTable

from pocketllm_cli.contexts import EMBEDDED, check_address
from pocketllm_cli.errors import PocketLLMError, UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.config_fields import FieldProblem
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import ReopenWanted
from pocketllm_cli.tui.screens.dialogs import Confirm
from pocketllm_cli.tui.screens.lines_form import Line, LinesForm, Values
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.widgets.row_table import RowTable

_HERE = "on this machine"


class ContextsScreen(PlaceScreen):
    """Lists, adds, removes and changes contexts; using another one begins the app anew."""

    BINDINGS = [
        bind("contexts.use", "use"),
        bind("contexts.add", "add"),
        bind("contexts.remove", "remove"),
    ]
    HEADING = "Contexts"

    table = getters.query_one(RowTable)

    def compose_content(self) -> ComposeResult:
        yield RowTable(("", "NAME", "ADDRESS", "FUNCTIONS"), cut=("NAME", "ADDRESS", "FUNCTIONS"))

    def begin(self) -> None:
        """Read the file."""
        try:
            contexts = self.parts.config.contexts().all()
        except PocketLLMError as error:
            self.say("")
            self.failed("read your contexts", error)
            return
        current = self.parts.api.context
        if current.name not in {each.name for each in contexts}:
            contexts.append(current)
        self.table.show([(each.name, _cells(each, current)) for each in contexts])
        self.show_content()
        self.table.focus()

    @on(DataTable.RowSelected)
    def action_use(self) -> None:
        """Make it the one in use, now and from now on."""
        name = self.table.row_id
        if name is None or name == self.parts.api.context.name:
            self.tell("This context is in use already.")
            return
        try:
            self.parts.config.use_context(name)
        except PocketLLMError as error:
            self.failed("use this context", error)
        else:
            self.post_message(ReopenWanted(name))

    @work(group="form", exclusive=True)
    async def action_add(self) -> None:
        """Ask for a name, an address and a publishable key."""
        lines = [
            Line("name", "Name", _needed, hint="such as work"),
            Line("url", "Address", _address, hint="https://….supabase.co"),
            Line("anon_key", "Publishable key", _public_key, hint="sb_publishable_…"),
            Line("functions_url", "Functions", _address_or_none, hint="only if they are elsewhere"),
        ]
        if await self.app.push_screen_wait(LinesForm("Add a context", lines, self._store)):
            self.begin()

    async def _store(self, values: Values) -> None:
        self.parts.config.add_context(
            Context(str(values["name"]), values["url"], values["anon_key"], values["functions_url"])
        )

    @work(group="form", exclusive=True)
    async def action_remove(self) -> None:
        """Remove it and its session from this machine, once the person agrees."""
        name = self.table.row_id
        if name is None:
            return
        if name in {EMBEDDED.name, self.parts.api.context.name}:
            self.tell("The embedded context stays; so does the one in use, while it is.")
            return
        question = (
            f"Remove the context {clean_line(name)} and its session? The backend keeps its data."
        )
        if not await self.app.push_screen_wait(Confirm(question, deed="Remove")):
            return
        try:
            self.parts.api.sessions.store.remove(name)
            self.parts.config.remove_context(name)
        except PocketLLMError as error:
            self.failed("remove the context", error)
        else:
            self.begin()


def _cells(context: Context, current: Context) -> tuple[str, ...]:
    mark = "★" if context.name == current.name else ""
    return mark, context.name, context.url or _HERE, context.functions_url or "there"


def _needed(text: str) -> str:
    if not text.strip():
        raise FieldProblem("Needed.")
    return text.strip()


def _address(text: str) -> str:
    text = _needed(text).rstrip("/")
    try:
        check_address(text)
    except UsageProblem as problem:
        raise FieldProblem(problem.message) from problem
    return text


def _address_or_none(text: str) -> str | None:
    return _address(text) if text.strip() else None


def _public_key(text: str) -> str:
    text = _needed(text)
    if text.startswith("sb_secret_"):
        raise FieldProblem("That is a secret key, which must not be stored here.")
    return text
