"""What widgets of the conversation have in common: they grow often, at little cost."""

from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


class LaidOutOnce(Widget):
    """Grows without a second layout, and is painted without what a new size would cost.

    A widget of Textual has everything laid out and painted again when a layout gave it another
    size, and composes all of its lines anew. A text that is streamed grows ten times a second
    with all that it stands in, and each time keys would wait for that.

    As a base class it goes last, so that it takes nothing else from the class beside it.
    """

    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the ground that children are painted on, which is all there is to a container."""
        if self.styles.border.spacing:
            return super().render_lines(crop)
        base, own = self.background_colors
        blank = Strip.blank(crop.width, Style(background=base + own).rich_style)
        return self.filtered([blank]) * crop.height

    def filtered(self, strips: list[Strip]) -> list[Strip]:
        """Return lines as the terminal may have them, such as without colours."""
        ground = self.background_colors[1]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, ground) for strip in strips]
        return strips
