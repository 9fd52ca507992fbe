"""Plots of usage; this module alone brings in plotext."""

from datetime import date, timedelta
from typing import Final

from textual.color import Color
from textual.reactive import reactive
from textual_plotext import PlotextPlot

from pocketllm_cli.models import UsageRow
from pocketllm_cli.sanitize import clean_line

_MOST_DAYS: Final = 60
_MOST_MODELS: Final = 6
_LONGEST_NAME: Final = 18
_DAYS_NAMED: Final = 3
"""Where names of days would touch, plotext leaves out one or the other, as it happens."""


class UsagePlot(PlotextPlot):
    """Bars of tokens."""

    rows: reactive[list[UsageRow]] = reactive(list, init=False)
    """What is plotted."""

    def watch_rows(self) -> None:
        self.replot()

    def on_mount(self) -> None:
        super().on_mount()
        self.app.theme_changed_signal.subscribe(self, lambda theme: self.replot())

    def replot(self) -> None:
        """Draw the rows anew."""
        self.plt.clear_figure()
        if self.rows:
            self.draw()
        self.refresh()

    def draw(self) -> None:
        """Put the rows into the figure."""
        raise NotImplementedError

    @property
    def bar_colour(self) -> tuple[int, int, int]:
        """The theme's first colour."""
        colour = Color.parse(self.app.theme_variables["primary"])
        return (colour.ansi is None and colour.rgb) or (0, 128, 255)


class DayPlot(UsagePlot):
    """Tokens by day, the newest at the right; days without answers too."""

    def draw(self) -> None:
        """Put the days into the figure."""
        days = daily_tokens(self.rows)
        labels = [day[5:] for day, _ in days]
        self.plt.title("Tokens by day")
        self.plt.bar(labels, [tokens for _, tokens in days], color=self.bar_colour, width=0.6)
        step = max(1, -(-len(labels) // _DAYS_NAMED))
        places = range(len(labels), 0, -step)
        self.plt.xticks([float(place) for place in places], [labels[place - 1] for place in places])
        self.plt.yticks(*_marks(max(tokens for _, tokens in days)))


class ModelPlot(UsagePlot):
    """Tokens by model, the most used at the top."""

    def draw(self) -> None:
        """Put the models into the figure."""
        most = sorted(self.rows, key=_tokens)[-_MOST_MODELS:]
        labels = [_short(clean_line(row.label)) for row in most]
        self.plt.title("Tokens by model")
        self.plt.bar(
            labels,
            [_tokens(row) for row in most],
            orientation="horizontal",
            color=self.bar_colour,
            width=0.4,
        )
        self.plt.xticks(*_marks(_tokens(most[-1])))


def daily_tokens(rows: list[UsageRow]) -> list[tuple[str, int]]:
    """Return pairs of day and tokens, oldest first, without gaps; at most the last sixty days."""
    known: dict[date, int] = {}
    for row in rows:
        try:
            known[date.fromisoformat(row.label[:10])] = _tokens(row)
        except ValueError:
            continue
    if not known:
        return []
    last = max(known)
    first = max(min(known), last - timedelta(days=_MOST_DAYS - 1))
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    return [(day.isoformat(), known.get(day, 0)) for day in days]


def _tokens(row: UsageRow) -> int:
    return row.input_tokens + row.output_tokens


def _marks(most: int) -> tuple[list[float], list[str]]:
    """Return where an axis is marked, and with what: its ends and its middle."""
    values = sorted({0, most // 2, most})
    return [float(value) for value in values], [f"{value:,}" for value in values]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
