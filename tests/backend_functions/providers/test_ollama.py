import pytest

from backend_functions.errors import ProviderError, ProviderRefused
from backend_functions.providers.base import ChatRequest, ChatTurn, Document, Image
from backend_functions.providers.lines import LineDecoder
from backend_functions.providers.ollama import build_payload

LINES = '{"a":"one\u2028still\x85one"}\r\n\n \n{"b":2}\n{"never":'.encode()


def test_turns_of_text_and_settings_are_put_in_its_words() -> None:
    request = ChatRequest(
        "m",
        (ChatTurn("system", "Be brief."), ChatTurn("user", "hi")),
        temperature=0.0,
        max_tokens=9,
        top_p=0.9,
        frequency_penalty=0.1,
        presence_penalty=0.2,
    )

    assert build_payload(request) == {
        "model": "m",
        "stream": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
        ],
        "options": {
            "temperature": 0.0,
            "num_predict": 9,
            "top_p": 0.9,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
        },
    }


def test_pictures_go_beside_the_text_and_documents_of_text_into_it() -> None:
    image = Image("image/png", b"\x89PNG", "a.png")
    notes = Document("text/plain", b"x", "n.txt")
    request = ChatRequest("m", (ChatTurn("user", "see", (image, notes)),))

    (message,) = build_payload(request)["messages"]

    assert message == {"role": "user", "content": "n.txt:\n\nx\n\nsee", "images": ["iVBORw=="]}


def test_a_document_that_it_cannot_read_is_refused_and_not_left_out() -> None:
    report = Document("application/pdf", b"%PDF", "r.pdf")

    with pytest.raises(ProviderRefused):
        build_payload(ChatRequest("m", (ChatTurn("user", "see", (report,)),)))


@pytest.mark.parametrize("size", range(1, len(LINES) + 1))
def test_lines_do_not_depend_on_where_the_network_cut(size: int) -> None:
    decoder = LineDecoder()

    pieces = [LINES[start : start + size] for start in range(0, len(LINES), size)]

    assert [line for piece in pieces for line in decoder.feed(piece)] == [
        '{"a":"one\u2028still\x85one"}\r'.encode(),
        b'{"b":2}',
    ]
    assert not decoder.holds_json


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ProviderError):
        feed_often(LineDecoder())


def feed_often(decoder: LineDecoder) -> None:
    for _ in range(100):
        decoder.feed(b"x" * 100_000)
