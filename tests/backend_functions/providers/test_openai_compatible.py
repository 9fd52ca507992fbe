import pytest

from backend_functions.providers.base import (
    ChatRequest,
    ChatTurn,
    Document,
    Finished,
    Image,
    ReasoningDelta,
    TextDelta,
)
from backend_functions.providers.openai_compatible import (
    CompletionReader,
    build_payload,
    is_reasoning_model,
)
from tests.support.upstream import DONE, USAGE, event

SETTINGS = {
    "temperature": 0.7,
    "max_tokens": 3,
    "top_p": 0.9,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
}


def test_a_turn_of_text_is_sent_as_mere_text() -> None:
    request = ChatRequest("m", (ChatTurn("system", "Be brief."), ChatTurn("user", "hi")))

    payload = build_payload(request, "max_tokens")

    assert payload == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_pictures_and_documents_become_parts_before_the_text() -> None:
    image = Image("image/png", b"\x89PNG", "a.png")
    report = Document("application/pdf", b"%PDF", "r.pdf")
    notes = Document("text/plain", "naïve".encode(), "n.txt")
    request = ChatRequest("m", (ChatTurn("user", "see", (image, report, notes)),))

    (message,) = build_payload(request, "max_tokens")["messages"]

    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {
            "type": "file",
            "file": {
                "filename": "r.pdf",
                "file_data": "data:application/pdf;base64,JVBERg==",
            },
        },
        {"type": "text", "text": "n.txt:\n\nnaïve\n\nsee"},
    ]


def test_a_document_of_text_alone_leaves_a_turn_of_text() -> None:
    notes = Document("text/markdown", b"\xef\xbb\xbf# x", "n.md")
    request = ChatRequest("m", (ChatTurn("user", "see", (notes,)),))

    (message,) = build_payload(request, "max_tokens")["messages"]

    assert message == {"role": "user", "content": "n.md:\n\n# x\n\nsee"}


def test_all_settings_are_sent() -> None:
    payload = build_payload(ChatRequest("m", (), **SETTINGS), "max_completion_tokens")  # type: ignore[arg-type]

    assert payload["max_completion_tokens"] == 3
    assert "max_tokens" not in payload
    assert {name: payload[name] for name in SETTINGS if name != "max_tokens"} == {
        "temperature": 0.7,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
    }


def test_settings_at_their_neutral_value_are_left_to_the_provider() -> None:
    request = ChatRequest(
        "m", (), temperature=0.0, top_p=1.0, frequency_penalty=0.0, presence_penalty=0.0
    )

    payload = build_payload(request, "max_tokens")

    assert payload["temperature"] == 0.0
    assert not {"top_p", "frequency_penalty", "presence_penalty"} & payload.keys()


def test_a_reasoning_model_is_told_its_limit_and_not_how_to_sample() -> None:
    payload = build_payload(ChatRequest("gpt-5-mini", (), **SETTINGS), "max_tokens")  # type: ignore[arg-type]

    assert payload["max_completion_tokens"] == 3
    assert not SETTINGS.keys() & payload.keys()


def test_a_provider_that_counts_unasked_is_not_asked() -> None:
    payload = build_payload(ChatRequest("m", ()), "max_tokens", asks_usage=False)

    assert "stream_options" not in payload


@pytest.mark.parametrize(
    ("model", "is_one"),
    [
        ("o1", True),
        ("o3-mini", True),
        ("o4-mini-2025-04-16", True),
        ("gpt-5", True),
        ("gpt-5-nano", True),
        ("gpt-5.1", True),
        ("gpt-6-pro", True),
        ("openai/gpt-5-mini", True),
        ("gpt-5-chat-latest", False),
        ("gpt-5-chat", False),
        ("gpt-4o", False),
        ("gpt-4.1", False),
        ("gpt-35-turbo", False),
        ("gpt-oss-20b", False),
        ("chatgpt-4o-latest", False),
        ("olmo-2", False),
        ("o", False),
        ("", False),
    ],
)
def test_reasoning_models_are_known_by_their_names(model: str, is_one: bool) -> None:
    assert is_reasoning_model(model) is is_one


def test_content_in_parts_is_told_apart_too() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    reader = CompletionReader()

    events = reader.feed(
        event({"content": [thinking, {"type": "text", "text": "yes"}]})
        + event({"role": "assistant", "content": "!", "reasoning": "and"})
    )

    assert events == [
        ReasoningDelta("hm"),
        TextDelta("yes"),
        ReasoningDelta("and"),
        TextDelta("!"),
    ]


STRANGE = (
    b'data: {"choices":[]}\n\n'
    b'data: {"choices":[{"delta":null}]}\n\n'
    b'data: {"choices":[{"delta":{"content":5}}]}\n\n'
    b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}\n\n'
    b'data: {"choices":"x","usage":null}\n\n'
    b'data: {"choices":[{"delta":{"content":"\xff\xc3\xa9"}}]}\n\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_strange_chunks_neither_crash_nor_change_with_the_cut(size: int) -> None:
    reader, stream = CompletionReader(), STRANGE + event({}, "length") + USAGE + DONE

    events = [
        found
        for start in range(0, len(stream), size)
        for found in reader.feed(stream[start : start + size])
    ]

    assert events == [TextDelta("\ufffdé"), Finished("length", 11, 5)]
    assert reader.is_done
