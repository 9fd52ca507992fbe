"""The form of a model config: checked while it is filled in, stored where it stands."""

from collections.abc import Callable
from typing import Any, Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static, TextArea

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import ModelConfig, Provider
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.config_fields import (
    MOST_PROMPT,
    NUMBERS,
    FieldProblem,
    changed_fields,
    provider_named,
    read_address,
    read_key,
    read_line,
    read_number,
    shown_value,
)
from pocketllm_cli.tui.keys import bind, field_bindings
from pocketllm_cli.tui.messages import Failed
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import ConfigStored
from pocketllm_cli.tui.screens.app_screen import told
from pocketllm_cli.tui.screens.catalog import CatalogDialog
from pocketllm_cli.tui.widgets.field import Field
from pocketllm_cli.tui.widgets.tick import Tick

_USUAL: Final = "as the backend has it"


class ModelForm(ModalScreen[ModelConfig | None]):
    """Dismisses with the config as it was stored, or None when cancelled.

    Args:
        config: The one to edit; None for a new one.
        stored_key: What may be told of its key, such as "…abcd".
    """

    CSS_PATH = ["dialogs.tcss", "form.tcss"]
    BINDINGS = [
        bind("dialog.cancel", "cancel"),
        bind("form.save", "save"),
        bind("form.catalog", "catalog"),
        *field_bindings(),
    ]

    provider = getters.query_one(Select)
    problem = getters.query_one("#problem", Static)

    def __init__(
        self,
        parts: Parts,
        providers: list[Provider],
        config: ModelConfig | None = None,
        stored_key: str = "",
    ) -> None:
        super().__init__(classes="dialog form")
        self._parts, self._providers = parts, providers
        self._config, self._stored_key = config, stored_key
        self._begun_with: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        config = self._config
        with Vertical():
            heading = f"Edit {clean_line(config.name)}" if config else "Add a model config"
            yield Label(Content(heading), classes="heading", markup=False)
            with VerticalScroll(can_focus=False):
                yield self._line("name", "Name", "as you call it, such as work")
                yield Field("provider", "Provider", self._provider_select())
                yield self._line("model", "Model", "its name there")
                yield self._line("base_url", "Base URL", "")
                yield Field("api_key", "API key", self._key_input())
                for name, number in NUMBERS.items():
                    yield self._line(name, number.label, _USUAL)
                yield Field("system_prompt", "System prompt", self._prompt_area())
                is_default = config.is_default if config else False
                yield Field("is_default", "Default", Tick("for new chats", is_default))
            yield Static(id="problem", markup=False)
            with Horizontal():
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Save", id="save", variant="primary", compact=True)

    def on_mount(self) -> None:
        self._fit_provider()
        if self._config is not None:
            lines = ("name", "model", "base_url", "system_prompt")
            self._begun_with = {name: self._text(name) for name in lines}
        self.set_focus(self.query_one("#field-name Input"))  # at once, as in `sign_in`

    def _line(self, name: str, label: str, hint: str) -> Field:
        value = shown_value(getattr(self._config, name)) if self._config else ""
        return Field(name, label, Input(clean_line(value), placeholder=hint, compact=True))

    def _key_input(self) -> Input:
        stored = (
            f"{self._stored_key} is stored; empty keeps it" if self._stored_key else "none stored"
        )
        return Input(password=True, placeholder=stored, compact=True)

    def _prompt_area(self) -> TextArea:
        text = (self._config and self._config.system_prompt) or ""
        return TextArea(clean_text(text), compact=True, soft_wrap=True, tab_behavior="focus")

    def _provider_select(self) -> Select[str]:
        names = [each.name for each in self._providers]
        if self._config and self._config.provider not in names:
            names.append(self._config.provider)  # what is stored must be shown
        value = self._config.provider if self._config else names[0]
        pairs = [(Content(clean_line(name)), name) for name in names]
        return Select(pairs, value=value, allow_blank=False, compact=True)

    @on(Select.Changed)
    def _fit_provider(self) -> None:
        chosen = provider_named(self.provider.value, self._providers)
        usual = (chosen.base_url if chosen else None) or ""
        address = self.query_one("#field-base_url Input", Input)
        address.placeholder = usual or ("not needed" if chosen and chosen.key == "none" else "")
        self.query_one("#field-api_key").display = not chosen or chosen.key != "none"
        self._check("base_url")

    @on(Input.Changed)
    def _check_field(self, event: Input.Changed) -> None:
        field = event.input.query_ancestor(Field)
        if field.name:
            self._check(field.name)

    def _check(self, name: str) -> bool:
        field = self.query_one(f"#field-{name}", Field)
        try:
            self._read(name)
        except FieldProblem as problem:
            # while nothing is typed yet, nothing is wrong
            is_untouched = not self._text(name) and not self.has_class("-checked")
            field.problem = "" if is_untouched else str(problem)
            return False
        field.problem = ""
        return True

    def _read(self, name: str) -> Any:
        """Return what a field says.

        Raises:
            FieldProblem: That cannot be.
        """
        if name == "provider":
            return self.provider.value
        if name == "is_default":
            return self.query_one(Tick).value
        text = self._text(name)
        if name == "system_prompt":
            if len(text) > MOST_PROMPT:
                raise FieldProblem(f"At most {MOST_PROMPT:,} characters.")
            return text or None
        readers: dict[str, Callable[[str], Any]] = {
            "base_url": lambda text: read_address(
                text, provider_named(self.provider.value, self._providers)
            ),
            "api_key": read_key,
        }
        if name in NUMBERS:
            return read_number(name, text)
        return readers[name](text) if name in readers else read_line(name, text)

    def _text(self, name: str) -> str:
        control = self.query_one(f"#field-{name}", Field).control
        return control.text if isinstance(control, TextArea) else getattr(control, "value", "")

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()

    @on(Input.Submitted)
    def action_save(self) -> None:
        """Store it, if every field can be."""
        self.add_class("-checked")
        fields = list(self.query(Field))
        wrong = [field for field in fields if not self._check(str(field.name))]
        if wrong:
            wrong[0].control.focus()
            self._say("Mend what is marked first.")
            return
        typed = {str(field.name): self._read(str(field.name)) for field in fields}
        changes = changed_fields(typed, self._config)
        for name, text in self._begun_with.items():
            if self._text(name) == text:  # what was cleaned to be shown is not a change
                changes.pop(name, None)
        if not changes:
            self.dismiss(None)
            return
        self._say("")
        self.store(changes)

    @work(group="store", exclusive=True)
    async def store(self, changes: dict[str, Any]) -> None:
        """Send it to the backend, which seals the key."""
        api = self._parts.api.model_configs
        try:
            if self._config is None:
                stored = await api.add(changes)
            else:
                stored = await api.edit(self._config, changes)
        except PocketLLMError as error:
            self.post_message(Failed("store it", error))
        else:
            self.post_message(ConfigStored(stored))

    @on(ConfigStored)
    def _leave(self, event: ConfigStored) -> None:
        self.dismiss(event.config)

    @on(Failed)
    def _show_failure(self, event: Failed) -> None:
        event.stop()
        self._say(f"Could not {event.deed}: {told(event.error)}")

    @work(group="catalog", exclusive=True)
    async def action_catalog(self) -> None:
        """Choose the model among those that the stored key can use."""
        if self._config is None:
            self._say("Save it first: the provider is asked with the key that is stored.")
            return
        model = await self.app.push_screen_wait(CatalogDialog(self._parts, self._config))
        if model is not None:
            self.query_one("#field-model Input", Input).value = clean_line(model)

    def _say(self, text: str) -> None:
        self.problem.update(Content(text))

    def action_cancel(self) -> None:
        self.dismiss(None)
