import httpx
import pytest

from backend_functions import errors
from backend_functions.providers.base import ChatRequest, ChatTurn, Document, Image
from backend_functions.providers.gemini import build_payload, build_url, tells_thoughts
from backend_functions.providers.registry import check_model, find_provider
from tests.backend_functions.providers.conftest import KEY, Pair
from tests.support.faults import WIRES

BASE = httpx.URL("https://generativelanguage.googleapis.com/v1beta")
HOSTILE_NAMES = [
    "../../x",
    "..",
    "a/../../b",
    "models/../x",
    "models/",
    "x?key=1",
    "x#y",
    "x%2f..%2fy",
    "x:generateContent",
    "x y",
    "x\r\nhost: evil",
    "x\x00",
    "münchen",
    "//evil.example/x",
    "\\\\evil",
    "@evil",
    "",
    "x" * 200,
]


def test_turns_become_contents_and_the_system_an_instruction() -> None:
    request = ChatRequest(
        "gemini-2.0-flash",
        (
            ChatTurn("system", "Be brief."),
            ChatTurn("user", "one"),
            ChatTurn("assistant", "two"),
            ChatTurn("user", "three"),
        ),
        temperature=0.7,
        max_tokens=9,
        top_p=0.9,
        frequency_penalty=0.1,
        presence_penalty=0.2,
    )

    assert build_payload(request) == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "one"}]},
            {"role": "model", "parts": [{"text": "two"}]},
            {"role": "user", "parts": [{"text": "three"}]},
        ],
        "generationConfig": {
            "temperature": 0.7,
            "maxOutputTokens": 9,
            "topP": 0.9,
            "frequencyPenalty": 0.1,
            "presencePenalty": 0.2,
        },
    }


def test_settings_at_their_neutral_value_are_left_to_the_provider() -> None:
    request = ChatRequest("gemini-2.0-flash", (ChatTurn("user", "hi"),), top_p=1.0)

    assert build_payload(request).keys() == {"contents"}


def test_pictures_and_documents_become_parts_before_the_text() -> None:
    image = Image("image/png", b"\x89PNG", "a.png")
    report = Document("application/pdf", b"%PDF", "r.pdf")
    request = ChatRequest("m", (ChatTurn("user", "see", (image, report)),))

    (content,) = build_payload(request)["contents"]

    assert content["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
        {"text": "see"},
    ]


@pytest.mark.parametrize(
    ("model", "tells"),
    [
        ("gemini-2.5-pro", True),
        ("gemini-2.5-flash-lite", True),
        ("models/gemini-3-pro-preview", True),
        ("gemini-3.1-flash-lite", True),
        ("gemini-2.0-flash", False),
        ("gemini-2.5-flash-image", False),
        ("gemini-2.5-flash-preview-tts", False),
        ("gemma-3-27b-it", False),
    ],
)
def test_only_models_that_think_are_asked_for_their_thoughts(model: str, tells: bool) -> None:
    assert tells_thoughts(model) is tells


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("models/gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("tunedModels/my-1", "/v1beta/tunedModels/my-1:streamGenerateContent?alt=sse"),
    ],
)
def test_a_model_is_asked_at_its_own_address(model: str, path: str) -> None:
    assert build_url(BASE, model).raw_path == path.encode()


@pytest.mark.parametrize("model", HOSTILE_NAMES)
def test_a_name_that_would_make_another_address_is_refused_when_it_is_saved(model: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        check_model(find_provider("gemini"), model)


@pytest.mark.parametrize("model", HOSTILE_NAMES)
@pytest.mark.parametrize("wire", [WIRES["gemini"]], ids=["gemini"])
async def test_a_name_that_would_make_another_address_is_refused_when_it_is_used(
    pair: Pair, model: str
) -> None:
    with pytest.raises(errors.ProviderRefused) as caught:
        await pair.ask(model)

    assert pair.upstream.targets == []
    assert KEY not in caught.value.message


def test_other_dialects_name_their_models_as_they_like() -> None:
    check_model(find_provider("openrouter"), "vendor/model:free")
