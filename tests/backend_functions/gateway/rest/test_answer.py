import pytest

from backend_functions.gateway.rest.answer import (
    content_range,
    location,
    page_status,
    respond,
    respond_with_error,
)
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.execute import Outcome


@pytest.mark.parametrize(
    ("first", "count", "total", "shown", "status"),
    [
        (0, 10, None, "0-9/*", 200),
        (0, 10, 10, "0-9/10", 200),
        (0, 10, 123, "0-9/123", 206),
        (5, 5, 10, "5-9/10", 206),
        (0, 0, 0, "*/0", 200),
        (0, 0, None, "*/*", 200),
        (7, 0, 7, "*/7", 206),
    ],
)
def test_a_page_says_which_rows_it_has(
    first: int, count: int, total: int | None, shown: str, status: int
) -> None:
    assert content_range(first, count, total) == shown
    assert page_status(first, count, total) == status


def test_a_page_behind_the_end_cannot_be_had() -> None:
    with pytest.raises(RestError) as caught:
        page_status(8, 0, 7)

    assert (caught.value.code, caught.value.status) == ("PGRST103", 416)


def test_the_place_of_a_new_row_is_its_key() -> None:
    assert location("chats", b'[{"id":"a&b"}]') == {"Location": "/chats?id=eq.a%26b"}
    assert location("chats", b'[{"id":"a"},{"id":"b"}]') == {}


def test_a_function_may_set_the_status_and_harmless_headers() -> None:
    outcome = Outcome(b"[]", 0, headers='[{"X-A": "b"}, {"Content-Length": "9"}]', status="202")

    response = respond(outcome, 200, {}, body=b"[]")

    assert (response.status_code, response.headers["x-a"]) == (202, "b")
    assert response.headers["content-length"] == "2"


@pytest.mark.parametrize("headers", ['[{"X": "a\\r\\nY: b"}]', '{"X": "a"}', "x", '[{"X": 1}]'])
def test_headers_that_are_none_are_refused(headers: str) -> None:
    with pytest.raises(RestError) as caught:
        respond(Outcome(b"", 0, headers=headers), 200, {}, body=b"")

    assert caught.value.code == "PGRST111"


def test_a_failure_has_the_four_fields_and_its_code_in_a_header() -> None:
    error = RestError("PGRST116", "no", details="d", headers={"X-Bad": "a\r\nb"})

    shown = respond_with_error(error, with_body=True)
    hidden = respond_with_error(error, with_body=False)

    assert shown.body == b'{"code":"PGRST116","message":"no","details":"d","hint":null}'
    assert hidden.body == b""
    assert hidden.headers["proxy-status"] == "PostgREST; error=PGRST116"
    assert "x-bad" not in shown.headers


def test_a_status_without_a_body_has_none() -> None:
    told = respond(Outcome(b"[1]", 1, status="204"), 200, {}, body=b"[1]")
    raised = respond_with_error(RestError("PT204", "gone", status=204), with_body=True)

    assert (told.body, raised.body) == (b"", b"")
    assert "content-length" not in told.headers
