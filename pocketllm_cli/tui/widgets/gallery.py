"""Pictures side by side, the newest first; one is selected, and only those near it are loaded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import ItemGrid, VerticalScroll
from textual.message import Message

from pocketllm_cli.models import Job
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.widgets.image_card import ImageCard

_CARD_CELLS: Final = 24


class Gallery(VerticalScroll):
    """Shows jobs as cards; keeps the selection with its job."""

    DEFAULT_CSS = """
    Gallery {
        height: 1fr;
        scrollbar-size-vertical: 1;
        ItemGrid { grid-gutter: 1 1; grid-rows: 9; height: auto; }
    }
    """
    BINDINGS = [
        bind("gallery.before", "move(-1)"),
        bind("gallery.after", "move(1)"),
        bind("gallery.up", "move_rows(-1)"),
        bind("gallery.down", "move_rows(1)"),
        bind("gallery.first", "first"),
        bind("gallery.last", "last"),
    ]

    class Moved(Message):
        """Another card is selected, or the selected one has changed."""

    class EndSeen(Message):
        """Someone moved towards the last card."""

    def __init__(self, *, with_pictures: bool) -> None:
        super().__init__(id="gallery")
        self._with_pictures = with_pictures
        self._selected_id: str | None = None

    def compose(self) -> ComposeResult:
        yield ItemGrid(min_column_width=_CARD_CELLS)

    @property
    def grid(self) -> ItemGrid:
        """What holds the cards."""
        return self.query_one(ItemGrid)

    @property
    def cards(self) -> list[ImageCard]:
        """The cards, the newest first."""
        return [card for card in self.grid.children if isinstance(card, ImageCard)]

    @property
    def selected(self) -> ImageCard | None:
        """The card that keys mean."""
        cards = self.cards
        return next((card for card in cards if card.job.id == self._selected_id), None)

    async def show(self, jobs: Sequence[Job], now: datetime) -> None:
        """Show these jobs, in their order; cards of jobs that were shown before are kept."""
        place = self._place_of(self.selected)
        kept = {card.job.id: card for card in self.cards}
        wanted = {job.id for job in jobs}
        async with self.batch():
            await self.grid.remove_children(
                [card for key, card in kept.items() if key not in wanted]
            )
            for at, job in enumerate(jobs):
                if job.id not in kept:
                    card = ImageCard(job, with_picture=self._with_pictures)
                    await self.grid.mount(card, before=at if at < len(self.cards) else None)
        for card, job in zip(self.cards, jobs, strict=True):
            card.show(job, now)
        if self._selected_id not in wanted:
            self._selected_id = jobs[min(place, len(jobs) - 1)].id if jobs else None
        self._mark()
        self.call_after_refresh(self._look_around)

    def tick(self, now: datetime) -> None:
        """Let those that are not over say how long they have been wanted."""
        for card in self.cards:
            if not card.job.is_over:
                card.show(card.job, now)

    def select(self, job_id: str) -> None:
        """Select a job, and have it in sight."""
        self._selected_id = job_id
        self._mark()
        if card := self.selected:
            self.scroll_to_widget(card, animate=False)
            self.call_after_refresh(self._look_around)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Load what one scrolls towards."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._look_around()

    def on_resize(self) -> None:
        self.call_after_refresh(self._look_around)

    def on_click(self, event: events.Click) -> None:
        card = next(
            (each for each in self.cards if each.region.contains(*event.screen_offset)), None
        )
        if card is not None:
            self.select(card.job.id)

    def action_move(self, step: int) -> None:
        cards = self.cards
        place = self._place_of(self.selected) + step
        if 0 <= place < len(cards):
            self.select(cards[place].job.id)
        if place >= len(cards) - 1:
            self.post_message(self.EndSeen())

    def action_move_rows(self, step: int) -> None:
        across = len({card.region.x for card in self.cards}) or 1
        self.action_move(step * across)

    def action_first(self) -> None:
        if cards := self.cards:
            self.select(cards[0].job.id)

    def action_last(self) -> None:
        if cards := self.cards:
            self.select(cards[-1].job.id)
            self.post_message(self.EndSeen())

    def _place_of(self, card: ImageCard | None) -> int:
        return self.cards.index(card) if card is not None else 0

    def _mark(self) -> None:
        for card in self.cards:
            card.set_class(card.job.id == self._selected_id, "-selected")
        self.post_message(self.Moved())

    def _look_around(self) -> None:
        """Have the pictures loaded that are in sight or a screen away, and no others."""
        room = self.size.height
        for card in self.cards:
            place = card.virtual_region
            is_near = self.scroll_y - room < place.bottom and place.y < self.scroll_y + 2 * room
            card.come_near(is_near=is_near)
        if self.max_scroll_y > 0 and self.scroll_y >= self.max_scroll_y - self.size.height // 2:
            self.post_message(self.EndSeen())
