import pytest

from pocketllm_cli.api.event_stream import EventStream, ServerEvent, StreamTooLarge

STREAM = (
    ": ping\r\n\r\n"
    "id: 1\rdata: a\u2028b\x85é\r\r"
    "\n\n"
    "event: done\ndata:x\ndata: y\n\n"
    "retry: 5\n\n"
    "data: not ended\n"
).encode()
EXPECTED = [ServerEvent("message", "a\u2028b\x85é", "1"), ServerEvent("done", "x\ny")]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_the_events_do_not_depend_on_where_the_network_cut(size: int) -> None:
    stream = EventStream()

    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]

    assert [event for piece in pieces for event in stream.feed(piece)] == EXPECTED


def test_a_line_without_end_is_refused() -> None:
    stream = EventStream()

    with pytest.raises(StreamTooLarge):
        stream.feed(b"data: " + b"x" * (17 * 1024 * 1024))
