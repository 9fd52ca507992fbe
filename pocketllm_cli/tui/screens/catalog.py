"""The models that a config's key can use, to choose one of them."""

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import CatalogModel, ModelConfig
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import Failed
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import CatalogRead
from pocketllm_cli.tui.screens.app_screen import told

_MOST_SHOWN = 500


class CatalogDialog(ModalScreen[str | None]):
    """Dismisses with the id of a model, or None when cancelled."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [
        bind("dialog.cancel", "cancel"),
        bind("dialog.down", "move(1)"),
        bind("dialog.up", "move(-1)"),
    ]

    search = getters.query_one(Input)
    options = getters.query_one(OptionList)
    notice = getters.query_one("#catalog-notice", Static)

    def __init__(self, parts: Parts, config: ModelConfig) -> None:
        super().__init__(classes="dialog")
        self._parts, self._config = parts, config
        self._models: list[CatalogModel] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            name = clean_line(self._config.name)
            yield Label(Content(f"Models that {name} can use"), markup=False)
            yield Input(placeholder="Search", compact=True)
            yield Static("Asking the provider …", id="catalog-notice", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.load()

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Ask the provider, through the backend, which holds the key."""
        try:
            models = await self._parts.api.model_configs.catalog(self._config)
        except PocketLLMError as error:
            self.post_message(Failed("read the catalog", error))
        else:
            self.post_message(CatalogRead(models))

    @on(CatalogRead)
    def _take(self, event: CatalogRead) -> None:
        self._models = event.models
        self._show()

    @on(Failed)
    def _show_failure(self, event: Failed) -> None:
        event.stop()
        self.notice.update(Content(f"Could not {event.deed}: {told(event.error)}"))

    @on(Input.Changed)
    def _show(self) -> None:
        words = self.search.value.casefold().split()
        found = [
            each
            for each in self._models
            if all(word in f"{each.id} {each.name or ''}".casefold() for word in words)
        ]
        self.options.clear_options()
        self.options.add_options(_option(each) for each in found[:_MOST_SHOWN])
        ids = [each.id for each in found]
        self.options.highlighted = (
            ids.index(self._config.model) if self._config.model in ids[:_MOST_SHOWN] else 0
        )
        of_all = f"{len(found):,} of {len(self._models):,}" if words else f"{len(found):,}"
        none = "No such model." if words else "The provider names no models."
        self.notice.update(Content(f"{of_all} models" if found else none))

    def action_move(self, step: int) -> None:
        """Move in the list while the search has the focus."""
        if step > 0:
            self.options.action_cursor_down()
        else:
            self.options.action_cursor_up()

    @on(Input.Submitted)
    def _choose_highlighted(self) -> None:
        if self.options.option_count:
            self.options.action_select()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _option(model: CatalogModel) -> Option:
    window = f"  {model.context_tokens:,} tokens" if model.context_tokens else ""
    name = f"  {clean_line(model.name)}" if model.name and model.name != model.id else ""
    return Option(Content(f"{clean_line(model.id)}{name}{window}"), id=model.id)
