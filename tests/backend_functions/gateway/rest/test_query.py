import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.query import Query, parse_query, read_pairs
from backend_functions.gateway.rest.tree import (
    Clause,
    Condition,
    Field,
    Group,
    Ordering,
    Page,
    Step,
)

TITLE = Field("title")


def read(text: str) -> Query:
    return parse_query(read_pairs(text.encode()), taken=("columns", "on_conflict"))


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("title=eq.a,b)(", Condition(TITLE, "eq", ("a,b)(",))),
        ("title=eq.", Condition(TITLE, "eq", ("",))),
        ("title=not.like.%25x*", Condition(TITLE, "like", ("%x*",), negated=True)),
        ("title=ilike(any).{a,b}", Condition(TITLE, "ilike", ("{a,b}",), quantifier="any")),
        ("title=in.(a,%22b,c%22,%22d%5C%22%22)", Condition(TITLE, "in", ("a", "b,c", 'd"'))),
        ("title=in.()", Condition(TITLE, "in", ())),
        ('title=in.("")', Condition(TITLE, "in", ("",))),
        ("title=is.NULL", Condition(TITLE, "is", ("null",))),
        ("title=wfts(english).a or b", Condition(TITLE, "wfts", ("a or b",), language="english")),
        ("m->>k=eq.1", Condition(Field("m", (Step("k", True),)), "eq", ("1",))),
        ("or=(title.eq.a,title.in.(b,c))", Group(
            "or", (Condition(TITLE, "eq", ("a",)), Condition(TITLE, "in", ("b", "c"))))),
        ("not.and=(title.cs.{a,b},or(title.not.is.null,title.eq.\"x,)\"))", Group("and", (
            Condition(TITLE, "cs", ("{a,b}",)),
            Group("or", (
                Condition(TITLE, "is", ("null",), negated=True),
                Condition(TITLE, "eq", ("x,)",)),
            )),
        ), negated=True)),
    ],
)  # fmt: skip
def test_a_filter_becomes_a_clause(text: str, clause: Clause) -> None:
    assert read(text).tree.root.where == (clause,)


def test_clauses_of_an_embedded_resource_are_kept_apart() -> None:
    clauses = read("a.b.title=eq.x&a.order=id&a.not.or=(id.eq.1)&limit=3").tree.clauses

    assert clauses[("a", "b")].where == (Condition(TITLE, "eq", ("x",)),)
    assert clauses[("a",)].order == (Ordering(Field("id")),)
    assert clauses[("a",)].where == (Group("or", (Condition(Field("id"), "eq", ("1",)),), True),)
    assert clauses[()].page == Page(3)


def test_order_page_columns_and_conflict_are_read() -> None:
    query = read(
        'order=a.desc.nullslast,m->>k,"b c".asc,rel(a).desc'
        '&limit=5&offset=2&columns="a","b"&on_conflict=a'
    )

    assert query.tree.root.order == (
        Ordering(Field("a"), descending=True, nulls_first=False),
        Ordering(Field("m", (Step("k", True),))),
        Ordering(Field("b c")),
        Ordering(Field("a"), descending=True, embedded="rel"),
    )
    assert query.tree.root.page == Page(5, 2)
    assert (query.columns, query.on_conflict) == (("a", "b"), ("a",))


@pytest.mark.parametrize(
    "text",
    [
        "title=x", "title=foo.x", "title=eq", "title=in.x", "title=in.(a", "title=in.(a)b",
        "title=is.maybe", "title=neq(any).{1}", "title=eq(some).{1}", "or=title.eq.1",
        "or=(title.eq.1", "or=()", "or=(title)", "and=(a.eq.1)x", "=eq.1", "a..b=eq.1",
        "order=a.up", "order=a.desc.asc", "order=rel(a", "order=rel(a(b))",
        "limit=x", "limit=1.5", "limit=1&limit=2",
        "select=a&select=b", "title=eq.%00", "title=eq.%ff", "a->=eq.1",
    ],
)  # fmt: skip
def test_what_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(RestError) as caught:
        read(text)

    assert (caught.value.code, caught.value.status) == ("PGRST100", 400)


@pytest.mark.parametrize("text", ["limit=-1", "offset=-1", "offset=9999999999999999999"])
def test_a_page_that_cannot_be_is_not_satisfiable(text: str) -> None:
    with pytest.raises(RestError) as caught:
        read(text)

    assert (caught.value.code, caught.value.status) == ("PGRST103", 416)


def test_a_parameter_about_a_body_is_refused_where_there_is_none() -> None:
    with pytest.raises(RestError, match="not implemented"):
        parse_query([("columns", "a")], taken=())


@given(st.text(st.characters(codec="utf-8")))
def test_any_value_comes_through_as_data(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')

    alone = parse_query([("title", f"eq.{value}")], taken=()).tree.root.where
    grouped = parse_query(
        [("or", f'(title.eq."{quoted}",title.in.("{quoted}",x))')], taken=()
    ).tree.root.where

    equal = Condition(TITLE, "eq", (value,))
    assert alone == (equal,)
    assert grouped == (Group("or", (equal, Condition(TITLE, "in", (value, "x")))),)


def seconds_of(pairs: list[tuple[str, str]]) -> float:
    """Return the processor's time that a query takes to be parsed, at the best of three."""

    def once() -> float:
        started = time.process_time()
        with suppress(RestError):
            parse_query(pairs, taken=())
        return time.process_time() - started

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "pairs",
    [
        lambda n: ("or", "(" * 4 * n),
        lambda n: ("or", "(" + "and(" * n),
        lambda n: ("select", "a->b" * n),
        lambda n: ("select", "a," * 2 * n + "a"),
        lambda n: ("title", 'in.("' + '",",' * n),
        lambda n: ("or", "(title.cs." + '{"' * 2 * n + ")"),
        lambda n: ("a." * 2 * n, "eq.1"),
    ],
    ids=["parens", "groups", "steps", "columns", "quotes", "arrays", "path"],
)
def test_parsing_takes_time_in_step_with_the_length(
    pairs: Callable[[int], tuple[str, str]],
) -> None:
    short, long = seconds_of([pairs(1_000)]), seconds_of([pairs(15_000)])

    assert long < 75 * max(short, 0.0002)  # fifteen times as long; in its square, 225 times
