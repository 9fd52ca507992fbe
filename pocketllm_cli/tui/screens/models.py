"""The model configs: a table, and everything that is done with one of them."""

from textual import getters, on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import DataTable, Static

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import ModelConfig, Provider
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import ConfigsChanged, Failed, ModelChosen
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import ConfigsRead, ConfigTested
from pocketllm_cli.tui.screens.catalog import CatalogDialog
from pocketllm_cli.tui.screens.dialogs import Confirm
from pocketllm_cli.tui.screens.model_form import ModelForm
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.widgets.row_table import RowTable


class ModelsScreen(PlaceScreen):
    """Lists, adds, edits, tests and removes model configs."""

    CSS_PATH = ["place.tcss", "models.tcss"]
    BINDINGS = [
        bind("models.use", "use"),
        bind("models.add", "add"),
        bind("models.edit", "edit"),
        bind("models.test", "test"),
        bind("models.catalog", "catalog"),
        bind("models.default", "default"),
        bind("models.remove", "remove"),
    ]
    HEADING = "Models"
    WAITING = "Reading your model configs …"

    table = getters.query_one(RowTable)
    outcome = getters.query_one("#outcome", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts, deed)
        self.configs: list[ModelConfig] = []
        self._providers: list[Provider] = []
        self._key_ends: dict[str, str] = {}

    def compose_content(self) -> ComposeResult:
        yield RowTable(("", "NAME", "PROVIDER", "MODEL", "KEY"))
        yield Static(id="outcome", markup=False)

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Read the configs, what may be told of their keys, and the providers."""
        api = self.parts.api.model_configs
        try:
            read = ConfigsRead(await api.all(), await api.key_ends(), await api.providers())
        except PocketLLMError as error:
            self.failed("read your model configs", error)
        else:
            self.post_message(read)

    @on(ConfigsRead)
    def _show(self, event: ConfigsRead) -> None:
        self.configs, self._key_ends = event.configs, event.key_ends
        self._providers = event.providers
        if not event.configs:
            self.say(
                f"You have no model configs yet.\n\nPress {self.key('models.add')} to add one: "
                "a provider, a model and a key.\nUntil then the model of the backend answers, "
                "where it has one."
            )
            self.begin_deed()
            return
        self.table.show([(each.id, self._cells(each)) for each in event.configs])
        self.show_content()
        self.table.focus()

    def _cells(self, config: ModelConfig) -> tuple[str, ...]:
        mark = "★" if config.is_default else ""
        return mark, config.name, config.provider, config.model, self._key_of(config)

    def _key_of(self, config: ModelConfig) -> str:
        if config.has_key:
            end = self._key_ends.get(config.id)
            return f"…{end}" if end else "stored"
        needs = {each.name: each.key for each in self._providers}.get(config.provider)
        return {"required": "missing", "optional": "none"}.get(needs or "optional", "not needed")

    @property
    def chosen(self) -> ModelConfig | None:
        """The config the cursor is on."""
        row_id = self.table.row_id if self._has_content else None
        return next((each for each in self.configs if each.id == row_id), None)

    @on(DataTable.RowSelected)
    def _edit_row(self) -> None:
        self.action_edit()

    def action_use(self) -> None:
        """Let it answer in the chat that is open."""
        if config := self.chosen:
            self.post_message(ModelChosen(config))

    @work(group="form", exclusive=True)
    async def action_add(self) -> None:
        """Ask for a new one, and store it."""
        if not self._providers:
            return  # nothing was read yet
        form = ModelForm(self.parts, self._providers)
        self._take(await self.app.push_screen_wait(form), "Added")

    @work(group="form", exclusive=True)
    async def action_edit(self) -> None:
        """Show its fields, and store what is changed."""
        if (config := self.chosen) is None:
            return
        end = self._key_of(config) if config.has_key else ""
        form = ModelForm(self.parts, self._providers, config, end)
        self._take(await self.app.push_screen_wait(form), "Changed")

    def _take(self, config: ModelConfig | None, deed: str) -> None:
        if config is not None:
            self.tell(f"{deed} {config.name}. {self.key('models.test')} tests it.")
            self._changed()

    def _changed(self) -> None:
        self.post_message(ConfigsChanged())
        self.load()

    @work(group="test", exclusive=True)
    async def action_test(self) -> None:
        """Ask it something short, and show how it went."""
        if (config := self.chosen) is None:
            return
        self.post_message(ConfigTested(f"Testing {config.name} …"))
        try:
            result = await self.parts.api.model_configs.test(config)
        except PocketLLMError as error:
            text = f"✗ {config.name}: {error.message} {error.hint}"
            self.post_message(ConfigTested(text, is_failure=True))
        else:
            times = f"{result.first_token_seconds:.2f} s to the first token, "
            times += f"{result.total_seconds:.2f} s in all"
            text = f"✓ {config.name} works: {times}. It said: {result.answer}"
            self.post_message(ConfigTested(text))

    @on(ConfigTested)
    def _show_outcome(self, event: ConfigTested) -> None:
        self.outcome.update(Content(clean_line(event.text)))
        self.outcome.set_class(event.is_failure, "-failed")
        self.outcome.display = True

    @work(group="form", exclusive=True)
    async def action_catalog(self) -> None:
        """Choose another model among those that the key can use."""
        if (config := self.chosen) is None:
            return
        model = await self.app.push_screen_wait(CatalogDialog(self.parts, config))
        if model is not None and model != config.model:
            await self._edit(config, {"model": model}, "change the model")

    @work(group="edit", exclusive=True)
    async def action_default(self) -> None:
        """Let it answer in new chats."""
        if config := self.chosen:
            await self._edit(config, {"is_default": True}, "change the default")

    async def _edit(self, config: ModelConfig, changes: dict[str, object], deed: str) -> None:
        try:
            await self.parts.api.model_configs.edit(config, changes)
        except PocketLLMError as error:
            self.post_message(Failed(deed, error))
        else:
            self._changed()

    @work(group="form", exclusive=True)
    async def action_remove(self) -> None:
        """Remove it and its key, once the person agrees."""
        if (config := self.chosen) is None:
            return
        question = f"Remove {clean_line(config.name)} and its key? Chats that used it are kept."
        if not await self.app.push_screen_wait(Confirm(question, deed="Remove")):
            return
        try:
            await self.parts.api.model_configs.remove(config)
        except PocketLLMError as error:
            self.failed("remove it", error)
        else:
            self._changed()
