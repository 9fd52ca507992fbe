"""Values, filters and the decoder, without a database."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.gateway.realtime.filters import BadFilter, bind_filter, parse_filters
from backend_functions.gateway.realtime.pgoutput import Decoder, Malformed
from backend_functions.gateway.realtime.phoenix import BadFrame, Version, parse_frame
from backend_functions.gateway.realtime.values import to_json

TYPES = {
    "id": "uuid",
    "title": "text",
    "n": "int4",
    "price": "numeric",
    "at": "timestamptz",
    "on": "bool",
    "doc": "jsonb",
}


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
    ("filter_text", "row", "is_admitted"),
    [
        ("title=eq.a=b.c", {"title": "a=b.c"}, True),
        ("title=neq.a", {"title": None}, False),
        ("title=neq.a", {}, False),
        ("n=gt.9", {"n": "10"}, True),  # as numbers, not as text
        ("price=eq.1.5", {"price": "1.50"}, True),
        ("n=gte.1,n=lt.5", {"n": "5"}, False),
        ("n=in.(1, 2,3),on=eq.true", {"n": "2", "on": "t"}, True),
        (
            "id=eq.3F0C1C1E-0000-4000-8000-000000000001",
            {"id": "3f0c1c1e-0000-4000-8000-000000000001"},
            True,
        ),
        ("at=gt.2026-11-22T17:00:00Z", {"at": "2026-11-22 18:30:00.25+01"}, True),
        ("at=gt.2026-11-22T17:00:00Z", {"at": "infinity"}, False),
        ("", {}, True),
    ],
)
def test_filters_compare_values_and_not_text(
    filter_text: str, row: dict[str, str | None], is_admitted: bool
) -> None:
    bound = [bind_filter(condition, TYPES) for condition in parse_filters(filter_text)]

    assert all(condition.admits(row) for condition in bound) is is_admitted


@pytest.mark.parametrize(
    "filter_text",
    ["title", "title=foo.a", "n=eq.x", "n=in.1", "doc=eq.{}", "secret=eq.1", "at=gt.2026-11-22",
     f"n=in.({','.join('1' * 101)})", "title=like.%a%"],
)  # fmt: skip
def test_a_filter_that_cannot_be_told_rightly_is_refused(filter_text: str) -> None:
    with pytest.raises(BadFilter):
        [bind_filter(condition, TYPES) for condition in parse_filters(filter_text)]


@given(st.binary(max_size=60))
def test_the_decoder_reads_or_refuses_whatever_it_is_given(message: bytes) -> None:
    with suppress(Malformed):
        Decoder().decode(message)


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40)), st.sampled_from(["1.0.0", "2.0.0"]))
def test_a_frame_is_read_or_refused_whatever_comes(data: str | bytes, version: Version) -> None:
    with suppress(BadFrame):
        parse_frame(version, data)
