"""What answers took: totals, plots by day and by model, and the numbers beneath."""

from datetime import timedelta
from typing import Final

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.api.usage import Grouping
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.models import UsageRow
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.parts import Parts
from pocketllm_cli.tui.place_messages import UsageRead
from pocketllm_cli.tui.screens.place import PlaceScreen
from pocketllm_cli.tui.widgets.row_table import RowTable
from pocketllm_cli.tui.widgets.usage_plots import DayPlot, ModelPlot
from pocketllm_cli.usage_numbers import cost_as_text, time_as_text, total_of

_RANGES: Final[dict[str, int | None]] = {
    "the last 7 days": 7,
    "the last 30 days": 30,
    "the last 365 days": 365,
    "all time": None,
}
_GROUPINGS: Final[tuple[Grouping, ...]] = ("model", "day", "chat")
_NUMBERS: Final = ("ANSWERS", "INPUT", "OUTPUT", "COST", "TIME")
_LOW: Final = 30
_NARROW: Final = 100
_SHORT_NAME: Final = 22
_LONG_NAME: Final = 60
_LEAST_NAME: Final = 10
_ROOM_FOR_NUMBERS: Final = 50


class UsageScreen(PlaceScreen):
    """Shows tokens, cost and time over a range of days."""

    CSS_PATH = ["place.tcss", "usage.tcss"]
    BINDINGS = [bind("usage.range", "range"), bind("usage.by", "by")]
    HEADING = "Usage"
    WAITING = "Counting …"

    table = getters.query_one(RowTable)
    days = getters.query_one(DayPlot)
    models = getters.query_one(ModelPlot)
    totals = getters.query_one("#totals", Static)

    def __init__(self, parts: Parts, deed: str | None = None) -> None:
        super().__init__(parts, deed)
        self._range = "the last 30 days"
        self._grouping: Grouping = "model"

    def compose_content(self) -> ComposeResult:
        yield Static(id="totals", markup=False)
        with Horizontal(id="plots"):
            yield DayPlot()
            yield ModelPlot()
        yield RowTable(("WHAT", *_NUMBERS), _NUMBERS)

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        self.set_class(event.size.height < _LOW, "-low")
        self.set_class(event.size.width < _NARROW, "-narrow")

    @work(group="read", exclusive=True)
    async def load(self) -> None:
        """Let the backend count."""
        usage, days = self.parts.api.usage, _RANGES[self._range]
        since = self.parts.now() - timedelta(days=days) if days else None
        try:
            by_day = await usage.by("day", since)
            by_model = await usage.by("model", since)
            by_chat = await usage.by("chat", since) if self._grouping == "chat" else []
        except PocketLLMError as error:
            self.failed("count what answers took", error)
        else:
            rows = {"day": by_day, "model": by_model, "chat": by_chat}
            self.post_message(UsageRead(by_day, by_model, rows[self._grouping]))

    @on(UsageRead)
    def _show(self, event: UsageRead) -> None:
        if not event.by_model:
            self.say(
                f"No answers in {self._range}.\n\nAsk something in a chat, or press "
                f"{self.key('usage.range')} for another range."
            )
            self.begin_deed()
            return
        total = total_of(event.by_model)
        answers = f"{total.answers:,} answer{'' if total.answers == 1 else 's'}"
        tokens = total.input_tokens + total.output_tokens
        self.totals.update(
            Content(
                f"{self._range.capitalize()}: {answers} · {tokens:,} tokens · "
                f"{cost_as_text(total.cost_usd)} · {time_as_text(total.total_ms / 1000)}"
            )
        )
        self.days.rows, self.models.rows = event.by_day, event.by_model
        rows = [(f"{place}", self._cells(row)) for place, row in enumerate(event.rows)]
        self.table.show(rows)
        self.show_content()
        self.table.focus()

    def action_range(self) -> None:
        """Count over the next range."""
        names = list(_RANGES)
        self._range = names[(names.index(self._range) + 1) % len(names)]
        self.load()

    def action_by(self) -> None:
        """List models, days or chats."""
        place = _GROUPINGS.index(self._grouping)
        self._grouping = _GROUPINGS[(place + 1) % len(_GROUPINGS)]
        self.load()

    def _cells(self, row: UsageRow) -> tuple[str, ...]:
        most = _SHORT_NAME if self.has_class("-narrow") else _LONG_NAME
        most = min(most, max(_LEAST_NAME, self.size.width - _ROOM_FOR_NUMBERS))
        name = clean_line(row.label)
        return (
            name if len(name) <= most else f"{name[: most - 1]}…",
            f"{row.answers:,}",
            f"{row.input_tokens:,}",
            f"{row.output_tokens:,}",
            cost_as_text(row.cost_usd),
            time_as_text(row.total_ms / 1000),
        )
