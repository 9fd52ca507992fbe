"""Containers and texts that are laid out once when they grow."""

from textual.geometry import Size
from textual.reactive import Reactive
from textual.widget import Widget


class LaidOutOnce(Widget):
    """Asks for no second layout, and no second painting, when the first one gave it another size.

    A widget of Textual does, for whatever may depend on its size. Nothing depends on the sizes in
    a conversation but the scrollbar, which is told apart from this; and a text that is streamed
    grows ten times a second, while each layout may hold up a key. As a base class it goes last,
    so that it takes nothing else from the class beside it.
    """

    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)
