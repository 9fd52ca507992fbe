"""A box to tick that can be read without colours."""

from textual.content import ContentText
from textual.widgets import Checkbox


class Tick(Checkbox):
    """Shows a cross only where it is ticked; the original tells the two apart by colour alone."""

    BUTTON_INNER = " "

    def __init__(self, label: ContentText, value: bool) -> None:
        super().__init__(label, value, compact=True)
        self.BUTTON_INNER = "✕" if value else " "

    def watch_value(self) -> None:
        """Show the mark, then tell as the original does."""
        self.BUTTON_INNER = "✕" if self.value else " "
        super().watch_value()
        self.refresh()
