"""Where a picture is asked for: what it is to show, and by which model, how well, how large."""

from collections.abc import Sequence
from typing import Final

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from pocketllm_cli.tui.image_wishes import KNOWN_MODELS, ImageWish
from pocketllm_cli.tui.keys import bind

_QUALITIES: Final = ("auto", "low", "medium", "high")
_SIZES: Final = ("auto", "1024x1024", "1024x1536", "1536x1024", "512x512", "256x256")
_LONGEST_PROMPT: Final = 4000
_LONGEST: Final = 200


class ImageForm(Vertical):
    """Posts what is wanted when Enter is pressed in the prompt.

    Args:
        wish: What was wanted last.
    """

    DEFAULT_CSS = """
    ImageForm {
        height: auto;
        margin: 0 0 1 0;
        Input { background: $surface; }
        Input:focus { background: $primary-muted; }
        Horizontal { height: 1; margin: 1 0 0 0; }
        Label { color: $text-muted; padding: 0 1 0 0; }
        Horizontal Input { width: 1fr; margin: 0 2 0 0; }
        #size { margin: 0; }
        #model { width: 2fr; }
    }
    """

    BINDINGS = [bind("images.leave", "leave")]

    prompt = getters.query_one("#prompt", Input)

    class Wanted(Message):
        """A picture is wanted."""

        def __init__(self, prompt: str, wish: ImageWish) -> None:
            super().__init__()
            self.prompt, self.wish = prompt, wish

    def __init__(self, wish: ImageWish) -> None:
        super().__init__()
        self._wish = wish

    def compose(self) -> ComposeResult:
        wish = self._wish
        yield Input(
            id="prompt",
            placeholder="What is the picture to show? Enter makes it.",
            compact=True,
            max_length=_LONGEST_PROMPT,
        )
        with Horizontal():
            yield Label("Model")
            yield _line("model", wish.model, "usual", KNOWN_MODELS)
            yield Label("Quality")
            yield _line("quality", wish.quality, "usual", _QUALITIES)
            yield Label("Size")
            yield _line("size", wish.size, "usual", _SIZES)

    @property
    def wish(self) -> ImageWish:
        """What stands in the fields."""
        values = {name: self.query_one(f"#{name}", Input).value for name in ImageWish.__slots__}
        return ImageWish.from_row(values)

    def offer_models(self, models: list[str]) -> None:
        """Offer these while somebody types a model."""
        self.query_one("#model", Input).suggester = SuggestFromList(
            [*models, *KNOWN_MODELS], case_sensitive=False
        )

    class Left(Message):
        """Somebody goes on to the pictures."""

    def action_leave(self) -> None:
        """Go on to the pictures below."""
        self.post_message(self.Left())

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is not self.prompt:
            self.prompt.focus()
        elif text := self.prompt.value.strip():
            self.post_message(self.Wanted(text, self.wish))


def _line(name: str, value: str, placeholder: str, known: Sequence[str]) -> Input:
    return Input(
        value,
        id=name,
        placeholder=placeholder,
        compact=True,
        max_length=_LONGEST,
        suggester=SuggestFromList(known, case_sensitive=False),
    )
