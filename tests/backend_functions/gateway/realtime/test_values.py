"""Values, filters and the decoder, without a database."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.gateway.realtime.filters import BadFilter, Filter, parse_filters
from backend_functions.gateway.realtime.pgoutput import Decoder, Malformed
from backend_functions.gateway.realtime.phoenix import BadFrame, Version, parse_frame
from backend_functions.gateway.realtime.values import to_json


@pytest.mark.parametrize(
    ("text", "type_name", "told"),
    [
        (None, "text", None),
        ("t", "bool", True),
        ("9007199254740993", "int8", 9007199254740993),
        ("1.50", "numeric", 1.5),
        ("NaN", "float8", "NaN"),
        ('{"a": [1, null]}', "jsonb", {"a": [1, None]}),
        ("2026-11-22 17:05:01.5+00", "timestamptz", "2026-11-22T17:05:01.5+00:00"),
        ("2026-11-22 17:05:01+05:30", "timestamptz", "2026-11-22T17:05:01+05:30"),
        ("infinity", "timestamptz", "infinity"),
        ("2026-11-22 17:05:01", "timestamp", "2026-11-22T17:05:01"),
        ("{}", "_text", []),
        ('{a,NULL,"NULL","b \\"c\\", d\\\\"}', "_text", ["a", None, "NULL", 'b "c", d\\']),
        ("{{1,2},{3,4}}", "_int4", [[1, 2], [3, 4]]),
        ("[0:1]={t,f}", "_bool", [True, False]),
    ],
)
def test_values_are_told_as_postgresql_makes_json_of_them(
    text: str | None, type_name: str, told: object
) -> None:
    assert orjson.loads(orjson.dumps(to_json(text, type_name))) == told


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("  ", []),
        ("a=eq.b=c.d", [Filter("a", "eq", "b=c.d")]),
        ("a=gt.1, b=not.lt.2", [Filter("a", "gt", "1"), Filter("b", "lt", "2", True)]),
        ("a=in.(1,2),b=is.null", [Filter("a", "in", "{1,2}"), Filter("b", "is", "null")]),
        ('a=in.("b,)",c)', [Filter("a", "in", '{"b,)",c}')]),
        (r'a=eq."b,\"\\(c"', [Filter("a", "eq", 'b,"\\(c')]),
        ('a=eq.b"c', [Filter("a", "eq", 'b"c')]),
        ('a=eq."b"c', [Filter("a", "eq", '"b"c')]),
        ("a=like.(b", [Filter("a", "like", "(b")]),
        ("a=eq.", [Filter("a", "eq", "")]),
    ],
)
def test_filters_are_read_as_clients_write_them(text: str, filters: list[Filter]) -> None:
    assert list(parse_filters(text)) == filters


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("undefined", '["undefined"]'),
        ("a=b", '["b"]'),
        ("a=foo.hey", '["foo", "hey"]'),
        ("a=in.1", "`in` filter value must be wrapped by parentheses"),
        ("a=eq.1,,b=eq.2", "filter must not contain empty segments (check for extra commas)"),
        ("a=eq.\0", "a filter must not contain the character 0"),
        (",".join(["a=eq.1"] * 101), "too many filters. Maximum 100"),
    ],
)
def test_what_is_no_filter_is_refused_in_the_services_words(text: str, reason: str) -> None:
    with pytest.raises(BadFilter) as refused:
        parse_filters(text)

    assert str(refused.value) == reason


@given(st.text(alphabet='ab=.,()"\\ not.in', max_size=40))
def test_a_filter_is_read_or_refused_whatever_comes(text: str) -> None:
    with suppress(BadFilter):
        parse_filters(text)


@given(st.binary(max_size=60))
def test_the_decoder_reads_or_refuses_whatever_it_is_given(message: bytes) -> None:
    with suppress(Malformed):
        Decoder().decode(message)


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40)), st.sampled_from(["1.0.0", "2.0.0"]))
def test_a_frame_is_read_or_refused_whatever_comes(data: str | bytes, version: Version) -> None:
    with suppress(BadFrame):
        parse_frame(version, data)
