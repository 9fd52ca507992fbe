"""The last line: which model, what the chat took, what runs, and how the connection is."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pocketllm_cli.sanitize import clean_line


class StatusLine(Widget):
    """Left the model and what was used, right the connection."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $text-muted;
        &.-offline { background: $warning-muted; color: $text-warning; }
    }
    """

    model: reactive[str] = reactive("")
    """The model config that answers."""
    usage: reactive[str] = reactive("")
    """Tokens and cost of the chat."""
    running: reactive[str] = reactive("")
    """What is being done."""
    connection: reactive[str] = reactive("connecting …")
    """How the backend is reached."""

    def render(self) -> Content:
        left = " · ".join(
            part for part in (clean_line(self.model), self.usage, self.running) if part
        )
        right = self.connection
        room = self.size.width - Content(right).cell_length - 1
        shown = Content(left).truncate(max(0, room), ellipsis=True, pad=True)
        return Content.assemble(shown, " ", right)

    def watch_connection(self) -> None:
        self.set_class(self.connection.startswith("offline"), "-offline")


def describe_usage(metadatas: list[dict[str, object]]) -> str:
    """Return the tokens and the cost of answers, as far as they are known."""
    tokens = sum(
        _number(each, "input_tokens") + _number(each, "output_tokens") for each in metadatas
    )
    cost = sum(_number(each, "cost_usd") for each in metadatas)
    parts = []
    if tokens:
        parts.append(f"{int(tokens):,} tokens")
    if cost:
        parts.append(f"${cost:.4f}" if cost < 0.1 else f"${cost:.2f}")
    return " · ".join(parts)


def _number(metadata: dict[str, object], name: str) -> float:
    value = metadata.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
