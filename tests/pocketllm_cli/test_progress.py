import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketllm_cli.api.answer_events import Delta, Reasoning, Started
from pocketllm_cli.api.patience import Patience
from pocketllm_cli.api.progress import Progress
from pocketllm_cli.api.transport import ConnectionBroke

STARTED = Started("u", "a", "m")


@given(
    pieces=st.lists(st.text(max_size=5), max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 60)), max_size=5),
)
def test_any_overlap_of_connections_gives_the_text_once(
    pieces: list[str], cuts: list[tuple[int, int]]
) -> None:
    text, progress, shown = "".join(pieces), Progress(), ""

    for count, back in [*cuts, (len(text), 0)]:
        progress.reconnect()
        start = max(progress.characters - back, 0)
        progress.take(STARTED)
        for at in range(start, min(start + count + back, len(text)), 3):
            piece = text[at : at + 3]
            events = progress.take(Delta(piece), at + len(piece))
            shown += "".join(event.text for event in events if isinstance(event, Delta))

    assert shown == text


def test_a_gap_is_a_broken_connection() -> None:
    progress = Progress()
    progress.take(STARTED)

    with pytest.raises(ConnectionBroke):
        progress.take(Delta("late"), 10)


def test_thoughts_are_told_from_their_beginning_and_shown_once() -> None:
    progress = Progress()
    progress.take(Reasoning("hm"))
    progress.take(Delta("a"), 1)
    progress.reconnect()

    assert progress.take(Reasoning("h")) == []
    assert progress.take(Reasoning("m, oh")) == [Reasoning(", oh")]
    assert progress.take(Delta("b"), 2) == [Delta("b")]


def test_patience_ends_a_minute_after_the_last_progress() -> None:
    patience, now, waits = Patience(), 0.0, []
    while (wait := patience.pause(now, connected_at=None)) is not None:
        waits.append(wait)
        now += wait

    assert waits[:3] == [0.2, 0.4, 0.8]
    assert max(waits) == 5.0
    assert 50 < now <= 60


def test_patience_is_renewed_by_a_connection_that_held() -> None:
    patience = Patience()
    patience.pause(0.0, connected_at=None)

    assert patience.pause(70.0, connected_at=None) is None
    assert patience.pause(70.0, connected_at=55.0) is not None


def test_the_backend_may_ask_for_a_longer_wait() -> None:
    assert Patience().pause(0.0, connected_at=None, asked=7.0) == 7.0
    assert Patience().pause(0.0, connected_at=None, asked=3600.0) is None
