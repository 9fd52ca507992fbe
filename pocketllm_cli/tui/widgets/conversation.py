"""The turns of a chat. However many there are, only those near what is seen are widgets."""

from collections.abc import Sequence
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pocketllm_cli.models import Turn
from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import OlderTurnsWanted
from pocketllm_cli.tui.options import Look
from pocketllm_cli.tui.widgets.laid_out_once import LaidOutOnce
from pocketllm_cli.tui.widgets.selectable_turns import SelectableTurns
from pocketllm_cli.tui.widgets.turn_view import TurnView
from pocketllm_cli.tui.window import Window

_NEAR_ROWS: Final = 3


class Turns(Vertical, LaidOutOnce):
    """Holds the turns below each other."""


class Conversation(SelectableTurns, LaidOutOnce):
    """A list of turns with one of them selected; it stays at its end while text arrives."""

    DEFAULT_CSS = """
    Conversation {
        height: 1fr;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        & > #turns { height: auto; min-height: 100%; } /* an anchored list must fill its room */
        #notice { width: 1fr; height: auto; padding: 1 2; color: $text-muted; }
        &.-failing #notice { color: $text-error; }
    }
    """
    BINDINGS = [
        bind("messages.first", "first"),
        bind("messages.last", "last"),
    ]

    def __init__(self) -> None:
        super().__init__(id="conversation")
        self.look = Look()
        self._turns: list[Turn] = []
        self._window = Window()
        self._thoughts: dict[str, str] = {}
        self._has_older = False
        self._is_stale = self._is_mounting = False

    def compose(self) -> ComposeResult:
        with Turns(id="turns"):
            yield Static(id="notice", markup=False)

    def on_mount(self) -> None:
        self.anchor()

    def say(self, text: str, *, is_failure: bool = False) -> None:
        """Show a text in place of turns, or none."""
        notice = self.query_one("#notice", Static)
        notice.update(Content(text))
        notice.display = bool(text)
        self.set_class(is_failure, "-failing")

    def show(self, turns: Sequence[Turn], *, has_older: bool, is_new: bool = False) -> None:
        """Show these turns; widgets of turns that were shown before are kept.

        Args:
            is_new: Another chat than before: start at its end.
        """
        grown_before = _grown_before(self._turns, turns)
        self._selected_id = _version_in_place(self._selected_id, self._turns, turns)
        self._turns, self._has_older = list(turns), has_older
        if is_new:
            self._selected_id, self._thoughts, self._unfolded = None, {}, set()
            self._window.reset(len(turns))
            self.anchor()
        else:
            self._window.resize(len(turns), grown_before)
        self._rewindow()

    def take_look(self, look: Look) -> None:
        """Show messages in another way from now on, those that are shown already too."""
        if look != self.look:
            self.look = look
            self._rewindow()

    def update_turn(self, turn: Turn) -> None:
        """Show another state of one turn."""
        for place in range(len(self._turns) - 1, -1, -1):
            if self._turns[place].message.id == turn.message.id:
                self._turns[place] = turn
                break
        for view in self.views:
            if view.turn.message.id == turn.message.id:
                view.turn = turn

    def think(self, message_id: str, thoughts: str) -> None:
        """Show what a model thinks before its answer."""
        self._thoughts[message_id] = thoughts
        for view in self.views:
            if view.turn.message.id == message_id:
                view.thoughts = thoughts

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Load what one scrolls towards."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.look_around()

    def action_first(self) -> None:
        self.scroll_home(animate=False)
        self.look_around()

    def action_last(self) -> None:
        self._window.reset(len(self._turns))
        self._selected_id = None
        self._rewindow()
        self.anchor()

    def look_around(self) -> None:
        """Have the turns mounted that one moves towards; ask for those that are not loaded."""
        if self.scroll_y <= _NEAR_ROWS:
            if self._window.move_up():
                self._rewindow()
            elif self._window.first == 0 and self._has_older:
                self._has_older = False  # until the page is there
                self.post_message(OlderTurnsWanted())
        elif self.scroll_y >= self.max_scroll_y - _NEAR_ROWS and self._window.move_down():
            self.release_anchor()  # what ends here is not the chat: keep the place, not the end
            self._rewindow()

    def _rewindow(self) -> None:
        """Have the window mounted; what changes while it is being mounted is mounted after."""
        self._is_stale = True
        if not self._is_mounting:
            self._is_mounting = True
            self._mount_until_fresh()

    @work(group="window")
    async def _mount_until_fresh(self) -> None:
        try:
            while self._is_stale:
                self._is_stale = False
                await self._mount_window()
        finally:
            self._is_mounting = False

    async def _mount_window(self) -> None:
        """Mount the turns of the window and none else, and keep what is seen where it is."""
        wanted = self._turns[self._window.first : self._window.end]
        ids = {turn.message.id for turn in wanted}
        kept = {
            view.turn.message.id: view
            for view in self.views
            if view.turn.message.id in ids and view.look == self.look
        }
        mark = self._mark_place(ids)
        async with self.batch():
            await self.turns.remove_children(
                [view for view in self.views if view not in kept.values()]
            )
            await self._mount_missing(wanted, kept)
        self._refresh_views()
        if mark is not None:
            self.call_after_refresh(self._return_to, *mark)
        self.call_after_refresh(self._fill)

    async def _mount_missing(self, wanted: list[Turn], kept: dict[str, TurnView]) -> None:
        after: TurnView | Static = self.query_one("#notice", Static)
        missing: list[TurnView] = []
        for turn in wanted:
            view = kept.get(turn.message.id)
            if view is None:
                missing.append(TurnView(turn, self._thoughts.get(turn.message.id, ""), self.look))
                continue
            if missing:
                await self.turns.mount_all(missing, after=after)
                missing = []
            after = view
        if missing:
            await self.turns.mount_all(missing, after=after)

    def _refresh_views(self) -> None:
        """Show the turns as they are now: text may have come while their widgets were made."""
        turns = {turn.message.id: turn for turn in self._turns[self._window.first :]}
        for view in self.views:
            view.set_class(view.turn.message.id == self._selected_id, "-selected")
            view.is_unfolded = view.turn.message.id in self._unfolded
            turn = turns.get(view.turn.message.id)
            if turn is not None and view.turn != turn:
                view.turn = turn

    def _mark_place(self, ids: set[str]) -> tuple[TurnView, float] | None:
        """Return the first view in sight that stays, and how far below the top edge it begins."""
        if self._is_at_its_end:
            return None
        for view in self.views:
            if view.turn.message.id in ids and view.virtual_region.bottom > self.scroll_y:
                return view, view.virtual_region.y - self.scroll_y
        return None

    @property
    def _is_at_its_end(self) -> bool:
        """Whether the end is kept in sight."""
        return self.is_anchored and not self._anchor_released

    def _return_to(self, view: TurnView, distance: float) -> None:
        if view.is_attached:
            y = max(0.0, view.virtual_region.y - distance)
            self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def _fill(self) -> None:
        """Mount more turns while there is room for them, or where someone waits at an edge."""
        if self.virtual_size.height <= self.size.height:
            if self._window.move_up():
                self._rewindow()
        elif not self._is_at_its_end:
            self.look_around()  # at an edge, scrolling further would change nothing


def _version_in_place(
    message_id: str | None, before: Sequence[Turn], after: Sequence[Turn]
) -> str | None:
    """Return a message, or the version that stands in its place now."""
    if message_id is None or any(turn.message.id == message_id for turn in after):
        return message_id
    gone = next((turn for turn in before if turn.message.id == message_id), None)
    for turn in after:
        if gone and (turn.parent_id, turn.message.role) == (gone.parent_id, gone.message.role):
            return turn.message.id
    return None


def _grown_before(before: Sequence[Turn], after: Sequence[Turn]) -> int:
    """Return how many turns were put before the first one that was there."""
    first_id = before[0].message.id if before else None
    return next(
        (place for place, turn in enumerate(after) if turn.message.id == first_id),
        0,
    )
