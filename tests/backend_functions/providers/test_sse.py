import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.errors import ProviderError
from backend_functions.providers.sse import SSEDecoder

STREAM = (
    "\ufeff: a comment\r\n\r\n"
    "event: delta\rdata: one\u2028still\x85one\r\r"
    "\n\n"
    "data:two\ndata:  and more\nid: 7\n\n"
    "retry: 5\n\n"
    "data\n\n"
    "data: never finished\n"
).encode()
EXPECTED = ["one\u2028still\x85one".encode(), b"two\n and more", b""]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_events_do_not_depend_on_where_the_network_cut(size: int) -> None:
    decoder = SSEDecoder()

    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]

    assert [event for piece in pieces for event in decoder.feed(piece)] == EXPECTED


@given(st.lists(st.binary(max_size=40).filter(lambda data: not set(data) & {10, 13}), min_size=1))
def test_data_comes_out_as_it_went_in(values: list[bytes]) -> None:
    stream = b"".join(b"data: " + value + b"\n\n" for value in values)

    assert SSEDecoder().feed(stream) == values


def test_an_event_that_ends_in_cr_is_told_with_the_next_byte() -> None:
    decoder = SSEDecoder()

    assert decoder.feed(b"data: one\r\r") == []
    assert decoder.feed(b"d") == [b"one"]


@pytest.mark.parametrize("line", [b"data:\n", b"data\n"])
def test_an_endless_run_of_empty_lines_is_refused_too(line: bytes) -> None:
    with pytest.raises(ProviderError):
        feed_often(line * 100_000)


def test_a_long_line_in_tiny_pieces_takes_no_time_to_speak_of() -> None:
    decoder = SSEDecoder()
    began = time.process_time()

    for _ in range(400_000):
        decoder.feed(b"data: xyz ")

    assert time.process_time() - began < 5  # copying the line with each piece would take minutes


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ProviderError):
        feed_often(b"x" * 100_000)


def test_an_event_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ProviderError):
        feed_often(b"data: " + b"x" * 100_000 + b"\n")


def feed_often(piece: bytes) -> None:
    decoder = SSEDecoder()
    for _ in range(100):
        decoder.feed(piece)
