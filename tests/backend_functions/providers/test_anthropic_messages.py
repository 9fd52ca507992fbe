import pytest

from backend_functions.providers.anthropic_messages import build_payload, takes_sampling
from backend_functions.providers.base import ChatRequest, ChatTurn, Document, Image
from backend_functions.providers.turns import OPENING


def test_turns_of_text_are_sent_as_mere_text_and_the_system_apart() -> None:
    request = ChatRequest(
        "m",
        (
            ChatTurn("system", "Be brief."),
            ChatTurn("user", "one"),
            ChatTurn("user", "two"),
            ChatTurn("assistant", "three"),
            ChatTurn("system", "And kind."),
            ChatTurn("user", "four"),
        ),
        max_tokens=9,
    )

    assert build_payload(request) == {
        "model": "m",
        "max_tokens": 9,
        "stream": True,
        "system": "Be brief.\n\nAnd kind.",
        "messages": [
            {"role": "user", "content": "one\n\ntwo"},
            {"role": "assistant", "content": "three"},
            {"role": "user", "content": "four"},
        ],
    }


def test_a_user_always_begins_and_a_limit_is_always_told() -> None:
    request = ChatRequest("m", (ChatTurn("assistant", "Hello!"), ChatTurn("user", "hi")))

    payload = build_payload(request)

    assert payload["messages"][0] == {"role": "user", "content": OPENING}
    assert [message["role"] for message in payload["messages"]] == ["user", "assistant", "user"]
    assert payload["max_tokens"] == 4096
    assert "system" not in payload


def test_pictures_and_documents_become_blocks_before_the_text() -> None:
    image = Image("image/png", b"\x89PNG", "a.png")
    report = Document("application/pdf", b"%PDF", "r.pdf")
    request = ChatRequest("m", (ChatTurn("user", "see", (image, report)),))

    (message,) = build_payload(request)["messages"]

    assert message["content"] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        },
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "r.pdf",
        },
        {"type": "text", "text": "see"},
    ]


@pytest.mark.parametrize(
    ("model", "settings", "sent"),
    [
        ("claude-sonnet-4-5", (0.7, 1.0), {"temperature": 0.7}),
        ("claude-sonnet-4-5", (0.7, 0.9), {"temperature": 0.7}),
        ("claude-sonnet-4-5", (None, 0.9), {"top_p": 0.9}),
        ("claude-sonnet-4-5", (1.8, 1.0), {"temperature": 1.0}),
        ("claude-opus-4-7", (0.7, 0.9), {}),
        ("SmolLM2", (0.7, 0.9), {"temperature": 0.7, "top_p": 0.9}),
    ],
)
def test_only_the_sampling_that_a_model_takes_is_sent(
    model: str, settings: tuple[float | None, float], sent: dict[str, float]
) -> None:
    temperature, top_p = settings
    request = ChatRequest(model, (), temperature=temperature, top_p=top_p, frequency_penalty=1.0)

    payload = build_payload(request)

    payload.pop("max_tokens")
    assert payload == {"model": model, "messages": [], "stream": True, **sent}


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("claude-2.1", True),
        ("claude-3-haiku-20240307", True),
        ("claude-3-7-sonnet-latest", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-haiku-4-5", True),
        ("claude-opus-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-opus-4-8", False),
        ("claude-sonnet-5", False),
        ("claude-haiku-5-5", False),
        ("claude-fable-5", False),
        ("anthropic/claude-sonnet-5", False),
        ("MiniMax-M2", True),
    ],
)
def test_models_that_may_be_told_how_to_sample_are_known_by_their_names(
    model: str, takes: bool
) -> None:
    assert takes_sampling(model) is takes
