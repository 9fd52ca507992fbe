"""What a stream means must not depend on where the network cut it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.errors import ProviderBusy, ProviderError, ProviderIncomplete
from backend_functions.providers.base import ChatEvent, ReasoningDelta, TextDelta
from backend_functions.providers.reader import AnswerReader
from tests.support.faults import WIRES
from tests.support.wire import Wire


def whole_answer(wire: Wire) -> bytes:
    return (
        wire.begin
        + wire.keep_alive
        + wire.thought("hm\u2028")
        + wire.text("naïve 😀")
        + wire.text("a\x85b\n\ndata: [DONE]\n\n")
        + wire.finish("stop")
    )


def expected(wire: Wire) -> list[ChatEvent]:
    return [
        ReasoningDelta("hm\u2028"),
        TextDelta("naïve 😀"),
        TextDelta("a\x85b\n\ndata: [DONE]\n\n"),
        wire.finished("stop"),
    ]


def read(reader: AnswerReader, *pieces: bytes) -> list[ChatEvent]:
    return [event for piece in pieces for event in reader.feed(piece)]


def test_an_answer_cut_in_two_anywhere_is_the_same_answer(wire: Wire) -> None:
    stream = whole_answer(wire)

    for cut in range(len(stream) + 1):
        assert read(wire.reader(), stream[:cut], stream[cut:]) == expected(wire), cut


@pytest.mark.parametrize("size", [*range(1, 40), 100, 1000, 100_000])
def test_an_answer_in_pieces_of_any_size_is_the_same_answer(wire: Wire, size: int) -> None:
    stream, reader = whole_answer(wire), wire.reader()

    pieces = (stream[start : start + size] for start in range(0, len(stream), size))

    assert read(reader, *pieces) == expected(wire)
    assert reader.is_done


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_a_failure_is_the_same_failure_in_pieces_of_any_size(wire: Wire, size: int) -> None:
    stream = wire.begin + wire.text("half") + wire.error_event(429) + wire.finish("stop")
    reader, events = wire.reader(), list[ChatEvent]()

    for start in range(0, len(stream), size):
        if reader.failure is None:
            events += reader.feed(stream[start : start + size])

    assert events == [TextDelta("half")]
    kind = ProviderError if wire.name == "ollama" else ProviderBusy
    assert type(reader.failure) is kind


def test_a_stream_that_closes_anywhere_before_its_end_is_incomplete(wire: Wire) -> None:
    stream = whole_answer(wire)
    end_marker = wire.finish("stop")
    first_end = stream.index(end_marker)

    for cut in range(0, first_end, 7):
        reader = wire.reader()
        read(reader, stream[:cut])
        with pytest.raises(ProviderIncomplete):
            reader.end()


@pytest.mark.parametrize("name", ["openai", "anthropic", "gemini"])
def test_an_openai_stream_may_end_with_a_reason_and_the_others_as_they_say(name: str) -> None:
    wire = WIRES[name]
    stream = wire.answer("a").replace(b"data: [DONE]\n\n", b"")
    reader = wire.reader()

    read(reader, stream)

    if name == "openai":
        assert reader.end() == [wire.finished("stop")]
    else:
        assert reader.is_done


def test_a_message_of_anthropic_without_its_stop_is_incomplete() -> None:
    wire = WIRES["anthropic"]
    reader = wire.reader()

    read(reader, wire.answer("a").partition(b"event: message_stop")[0])

    with pytest.raises(ProviderIncomplete):
        reader.end()


def test_the_last_line_of_ollama_needs_no_line_end() -> None:
    wire = WIRES["ollama"]
    reader = wire.reader()

    events = read(reader, wire.answer("a").removesuffix(b"\n")) + reader.end()

    assert events == [TextDelta("a"), wire.finished("stop")]


@pytest.mark.parametrize(
    "odd",
    [
        "{}",
        '{"choices":[],"candidates":[],"message":null,"type":null}',
        '{"choices":"x","candidates":"x","message":"x","type":5,"error":null,"usage":7}',
        '{"choices":[null],"candidates":[null],"message":[],"type":"content_block_delta"}',
        '{"choices":[{"delta":null}],"candidates":[{"content":null}],"usageMetadata":[]}',
        '{"choices":[{"delta":{"content":5,"reasoning":[]},"finish_reason":5}]}',
        '{"candidates":[{"content":{"parts":[null,{"text":5}]},"finishReason":null}]}',
        '{"message":{"content":5,"thinking":{}},"done":"yes"}',
        '{"type":"content_block_delta","delta":{"text":5,"thinking":[]}}',
        '{"type":"message_delta","delta":[],"usage":"x"}',
        '{"type":"message_start","message":[]}',
        '{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}',
        '{"promptFeedback":{}}',
    ],
)
def test_odd_events_neither_crash_nor_end_an_answer(wire: Wire, odd: str) -> None:
    line = f"{odd}\n" if wire.name == "ollama" else f"data: {odd}\n\n"
    reader = wire.reader()

    events = read(reader, wire.begin, line.encode(), wire.text("a"), wire.finish("stop"))

    assert reader.failure is None
    assert events == [TextDelta("a"), wire.finished("stop")]


@given(name=st.sampled_from(sorted(WIRES)), stream=st.binary(max_size=200))
def test_no_bytes_at_all_crash_a_reader(name: str, stream: bytes) -> None:
    reader = WIRES[name].reader()

    read(reader, stream, b"\n\n")

    assert reader.failure is None or isinstance(reader.failure, ProviderError)


@pytest.mark.parametrize("depth", [100_000])
def test_json_of_any_depth_is_an_error_and_no_crash(wire: Wire, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    reader = wire.reader()

    read(reader, deep + b"\n" if wire.name == "ollama" else b"data: " + deep + b"\n\n")

    assert type(reader.failure) is ProviderError


def test_gemini_says_why_it_did_not_begin_to_answer() -> None:
    reader = WIRES["gemini"].reader()
    blocked = (
        b'data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":'
        b'{"promptTokenCount":4}}\r\n\r\n'
    )

    (end,) = read(reader, blocked)

    assert (end.reason, end.input_tokens, end.output_tokens) == ("content_filter", 4, None)  # type: ignore[union-attr]


def test_gemini_may_count_after_it_gave_its_reason() -> None:
    reader = WIRES["gemini"].reader()
    reason = b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n'
    counts = b'data: {"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2}}\n\n'

    (end,) = read(reader, reason, counts)

    assert (end.input_tokens, end.output_tokens) == (4, 2)  # type: ignore[union-attr]
