"""One message of a chat: who wrote it and how it stands, its text, thoughts, sources, problem."""

from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from pocketllm_cli.models import Turn
from pocketllm_cli.sanitize import clean_line, clean_text
from pocketllm_cli.tui.options import Look
from pocketllm_cli.tui.widgets.laid_out_once import LaidOutOnce

if TYPE_CHECKING:
    from pocketllm_cli.tui.widgets.answer_text import AnswerText

_WHO: Final = {"user": "You", "assistant": "Answer", "system": "System prompt"}
_NOTES: Final = {
    "streaming": "writing …",
    "sending": "sending …",
    "queued": "queued: sent when the answer is there",
    "waiting": "in the outbox: sent when the backend is back",
    "incomplete": "incomplete: the provider broke off",
    "truncated": "cut at the model config's max_tokens",
    "cancelled": "stopped",
    "interrupted": "interrupted: the backend stopped",
    "failed": "no answer",
}


class TurnView(Vertical, LaidOutOnce):
    """Shows a turn; assigning another state of the same turn changes what differs."""

    DEFAULT_CSS = """
    TurnView {
        height: auto;
        max-width: 120; /* longer lines are hard to follow */
        padding: 0 1 0 2;
        margin: 0 0 1 0;
        &.-user { background: $surface; border-left: outer $primary; padding: 0 1; }
        &.-user > .words { color: $text; }
        &.-selected { border-left: outer $accent; padding: 0 1; }
        & > .heading { color: $text-muted; text-style: bold; height: auto; }
        & > .words { height: auto; }
        & > .thoughts { color: $text-muted; text-style: italic; height: auto; }
        & > .sources { color: $text-muted; height: auto; margin: 1 0 0 0; }
        & > .problem { color: $text-error; height: auto; }
        &.-unsent > .heading { color: $text-warning; }
    }
    """

    turn: reactive[Turn] = reactive[Turn]("turn", init=False, repaint=False)  # type: ignore[arg-type]
    """What is shown."""
    thoughts: reactive[str] = reactive("", init=False, repaint=False)
    """What the model thought before it answered."""
    is_unfolded: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether the thoughts are shown whole."""

    def __init__(self, turn: Turn, thoughts: str = "", look: Look | None = None) -> None:
        super().__init__(classes=f"-{turn.message.role}")
        self.look = look or Look()
        self.set_reactive(TurnView.turn, turn)
        self.set_reactive(TurnView.thoughts, thoughts or turn.message.reasoning)
        self._is_answer = turn.message.role == "assistant"
        self._fed = len(turn.message.content)

    def compose(self) -> ComposeResult:
        message = self.turn.message
        yield Static(heading_of(self.turn, self.look), classes="heading", markup=False)
        if self._is_answer and message.job_id:
            from pocketllm_cli.tui.widgets.job_picture import JobPicture  # only where there is one

            yield JobPicture(message.job_id, self.look)
        elif self._is_answer:
            from pocketllm_cli.tui.widgets.answer_text import AnswerText  # not for the first frame

            yield AnswerText(message.content, as_markdown=self.look.markdown)
        else:
            yield Static(Content(clean_text(message.content)), classes="words", markup=False)

    def on_mount(self) -> None:
        self._mark()
        if self.thoughts:
            self._show_thoughts()
        self._show_extras()

    @property
    def text(self) -> str:
        """The text that is shown, harmless."""
        return clean_text(self.turn.message.content)

    def watch_turn(self, before: Turn, turn: Turn) -> None:
        """Show what differs."""
        if not self.children:
            return  # not composed yet, which takes the newest; or on its way out
        self._show_heading(heading_of(turn, self.look))
        self._mark()
        self.thoughts = turn.message.reasoning or self.thoughts
        old, new = before.message.content, turn.message.content
        if turn.message.job_id:
            pass  # shown by what the job says, whatever the words for other clients are
        elif self._is_answer and turn.message.status == "streaming" and new.startswith(old):
            self._answer_text.feed(new[len(old) :])
        elif self._is_answer:
            self._answer_text.show_whole(new)
        elif old != new:
            self.query_one(".words", Static).update(Content(clean_text(new)))
        self._show_extras()

    def watch_thoughts(self) -> None:
        self._show_thoughts()

    def watch_is_unfolded(self) -> None:
        self._show_thoughts()

    @property
    def _answer_text(self) -> "AnswerText":
        return cast("AnswerText", self.query_one("AnswerText"))

    def _show_heading(self, heading: Content) -> None:
        """Show another heading; the same one would have everything laid out for each piece."""
        shown = self.query_one(".heading", Static)
        if shown.content != heading:
            shown.update(heading)

    def _mark(self) -> None:
        status = self.turn.message.status
        self.set_class(status in ("queued", "waiting", "sending"), "-unsent")

    def _show_thoughts(self) -> None:
        if not self.thoughts or not self.children:
            return
        clean = clean_text(self.thoughts).strip()
        text = f"▾ Thoughts\n{clean}" if self.is_unfolded else f"▸ Thoughts: {_end_of(clean)}"
        self._show("thoughts", text, before=1)

    def _show_extras(self) -> None:
        message = self.turn.message
        self._show_files()
        if sources := sources_as_text(message.sources):
            self._show("sources", sources)
        problem = (message.metadata or {}).get("error")
        if isinstance(problem, dict):
            self._show("problem", clean_line(str(problem.get("message") or "It failed.")))

    def _show_files(self) -> None:
        """Show what went with a question; it is noted once and changes when it is stored."""
        message = self.turn.message
        shown = self.query_children("AttachedFiles")
        if self._is_answer or (not message.attachments and not shown):
            return
        from pocketllm_cli.tui.widgets.attached_files import AttachedFiles  # only where there are

        if shown and shown.first(AttachedFiles).files == message.attachments:
            return
        shown.remove()
        pictures = self.look.pictures
        self.mount(AttachedFiles(message.attachments, with_pictures=pictures))

    def _show(self, name: str, text: str, before: int | None = None) -> None:
        found = self.query_children(f".{name}")
        if found:
            found.first(Static).update(Content(text))
        else:
            self.mount(Static(Content(text), classes=name, markup=False), before=before)


def heading_of(turn: Turn, look: Look) -> Content:
    """Return who wrote a turn, when, in which version and how it stands."""
    message = turn.message
    model = (message.metadata or {}).get("model")
    model = "Picture" if message.job_id and message.role == "assistant" else model
    who = clean_line(str(model)) if model else _WHO.get(message.role, clean_line(message.role))
    parts = [who]
    if look.timestamps and (time_of_day := _time(message.created_at)):
        parts.append(time_of_day)
    if turn.versions > 1:
        parts.append(f"{turn.version}/{turn.versions}")
    if note := _NOTES.get(message.status):
        parts.append(note)
    return Content(" · ".join(parts))


def sources_as_text(sources: list[object]) -> str:
    """Return a numbered list of titles and addresses; empty for none."""
    lines = []
    for number, source in enumerate(sources, 1):
        told = source if isinstance(source, dict) else {"url": str(source)}
        title, url = (clean_line(str(told.get(name) or "")) for name in ("title", "url"))
        lines.append(" ".join(part for part in (f"[{number}]", title, url) if part))
    return "\n".join(["Sources", *lines]) if lines else ""


def _end_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"… {line[-58:]}"


def _time(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%H:%M")
    except (ValueError, TypeError):
        return ""
