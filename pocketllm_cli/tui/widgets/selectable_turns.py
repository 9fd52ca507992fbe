"""Turns of which one is selected, and the keys that do something with it."""

from textual import getters
from textual.containers import Vertical, VerticalScroll

from pocketllm_cli.tui.keys import bind
from pocketllm_cli.tui.messages import CopyWanted, TurnDeed, TurnWanted
from pocketllm_cli.tui.widgets.turn_view import TurnView


class SelectableTurns(VerticalScroll):
    """Knows which turn is selected; that of its turns which are widgets changes as one scrolls."""

    BINDINGS = [
        bind("messages.down", "select(1)"),
        bind("messages.up", "select(-1)"),
        bind("messages.half_down", "scroll_half(1)"),
        bind("messages.half_up", "scroll_half(-1)"),
        bind("messages.copy", "copy"),
        bind("messages.copy_code", "copy_code"),
        bind("messages.regenerate", "do('regenerate')"),
        bind("messages.edit", "do('edit')"),
        bind("messages.fork", "do('fork')"),
        bind("messages.version_before", "do('before')"),
        bind("messages.version_after", "do('after')"),
        bind("messages.links", "do('links')"),
        bind("messages.files", "do('files')"),
        bind("messages.thoughts", "toggle_thoughts"),
    ]

    turns = getters.query_one("#turns", Vertical)

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._selected_id: str | None = None
        self._unfolded: set[str] = set()
        """The messages whose thoughts are shown whole; their widgets come and go."""
        self._copied_block = 0

    def clear_selection(self) -> None:
        """Select nothing."""
        self._selected_id = None
        for view in self.views:
            view.remove_class("-selected")

    @property
    def views(self) -> list[TurnView]:
        """The widgets of the turns that are mounted, oldest first."""
        return [child for child in self.turns.children if isinstance(child, TurnView)]

    @property
    def selected(self) -> TurnView | None:
        """The view that the keys mean: the one selected, or the last one."""
        views = self.views
        chosen = [view for view in views if view.turn.message.id == self._selected_id] or views
        return chosen[-1] if chosen else None

    def action_select(self, step: int) -> None:
        views = self.views
        if not views:
            return
        current = self.selected
        if self._selected_id is None:
            place = len(views) - 1
        else:
            place = (views.index(current) if current in views else len(views) - 1) + step
        if not 0 <= place < len(views):
            self.look_around()
            return
        self._select(views[place])
        self.scroll_to_widget(views[place], animate=False, force=True)

    def action_scroll_half(self, direction: int) -> None:
        self.scroll_relative(y=direction * max(1, self.size.height // 2), animate=False)

    def action_copy(self) -> None:
        if view := self.selected:
            self.post_message(CopyWanted(view.text, "the message"))

    def action_copy_code(self) -> None:
        """Copy the next code block of the message, from its first one on."""
        from pocketllm_cli.tui.safe_markdown import code_blocks  # not for the first frame

        blocks = code_blocks(self.selected.text) if self.selected else []
        if not blocks:
            self.notify("There is no code block in this message.", markup=False)
            return
        block = self._copied_block % len(blocks)
        self._copied_block += 1
        self.post_message(CopyWanted(blocks[block], f"code block {block + 1} of {len(blocks)}"))

    def action_do(self, deed: TurnDeed) -> None:
        if view := self.selected:
            self.post_message(TurnWanted(deed, view.turn))

    def action_toggle_thoughts(self) -> None:
        if view := self.selected:
            self._unfolded ^= {view.turn.message.id}
            view.is_unfolded = not view.is_unfolded

    def _select(self, view: TurnView) -> None:
        self._selected_id, self._copied_block = view.turn.message.id, 0
        for each in self.views:
            each.set_class(each is view, "-selected")

    def look_around(self) -> None:
        """Have the turns mounted that one moves towards."""
        raise NotImplementedError
