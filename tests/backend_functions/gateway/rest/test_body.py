import pytest

from backend_functions.gateway.rest.body import Rows, parse_arguments, parse_rows
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.forms import csv_to_json, form_to_json


def test_an_object_and_an_array_are_rows() -> None:
    assert parse_rows(b'{"a": 1}', None) == Rows('[{"a": 1}]', ("a",))
    assert parse_rows(b'[{"a":1,"b":2},{"b":3,"a":4}]', None).columns == ("a", "b")
    assert parse_rows(b"[]", None) == Rows("[]", ())


def test_rows_with_different_keys_need_their_columns_named() -> None:
    body = b'[{"a":1},{"b":2}]'

    with pytest.raises(RestError, match="All object keys must match"):
        parse_rows(body, None)
    assert parse_rows(body, ("a", "b")).columns == ("a", "b")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e999}', b'{"a":1,"a":2}',
        b'[{"a":{"b":1,"b":2}}]', b'{"a":"\\ud800"}', b'{"a":"\xff"}', b'{"a":1}x', b'{"a":"\0"}',
        b"[" * 10_000, b'{"a":' * 10_000, b"[" * 10_000 + b"]" * 10_000, b"1" * 5000,
        b"1", b'"x"', b"null", b"[1]", b"[[]]", b"\xef\xbb\xbf{}", b"{}".decode().encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_not_strict_json_of_rows_is_refused(body: bytes) -> None:
    with pytest.raises(RestError) as caught:
        parse_rows(body, None)

    assert (caught.value.code, caught.value.status) == ("PGRST102", 400)


def test_arguments_are_an_object_or_nothing() -> None:
    assert parse_arguments(b'{"x": 1}') == {"x": 1}
    assert parse_arguments(b" ") == {}
    with pytest.raises(RestError, match="must be an object"):
        parse_arguments(b"[]")


def test_csv_is_rows_of_texts_and_nulls() -> None:
    body = 'a,"b ü"\r\n1,"x, ""y"""\nNULL,"two\nlines"\n'.encode()

    assert (
        csv_to_json(body)
        == '[{"a":"1","b ü":"x, \\"y\\""},{"a":null,"b ü":"two\\nlines"}]'.encode()
    )


@pytest.mark.parametrize("body", [b"", b"\n", b"a,a\n1,2", b"a,b\n1", b'a\n"x', b"a\n\xff"])
def test_what_is_not_csv_is_refused(body: bytes) -> None:
    with pytest.raises(RestError) as caught:
        csv_to_json(body)

    assert caught.value.code == "PGRST102"


def test_a_form_is_one_row_of_texts() -> None:
    assert form_to_json(b"a=1&b=x+y%C3%BC&c=") == '{"a":"1","b":"x yü","c":""}'.encode()
    for broken in (b"a=1&a=2", b"a=%ff", "ü=1".encode()):
        with pytest.raises(RestError):
            form_to_json(broken)
