"""The text of generated statements: no value stands in it, and no name but the catalogue's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.gateway.rest.body import Rows
from backend_functions.gateway.rest.build_call import build_call
from backend_functions.gateway.rest.build_read import Wish, build_read
from backend_functions.gateway.rest.build_write import build_delete, build_insert, build_update
from backend_functions.gateway.rest.catalogue import (
    Argument,
    Catalogue,
    Column,
    Function,
    Relation,
    TypeName,
)
from backend_functions.gateway.rest.choose_function import Arguments, choose_function
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.fragments import Statement
from backend_functions.gateway.rest.preferences import Preferences
from backend_functions.gateway.rest.query import Query, parse_query

TEXT, UUID = TypeName("pg_catalog", "text"), TypeName("pg_catalog", "uuid")
COLUMNS = (Column("id", UUID, "gen_random_uuid()"), Column("title", TEXT), Column("secret", TEXT))
CHATS = Relation("chats", {column.name: column for column in COLUMNS}, ("id",))
CATALOGUE = Catalogue(
    {"chats": CHATS},
    functions={
        "find": (
            Function("find", (Argument("words", TEXT, True),), False, True, False, CHATS),
            Function("find", (Argument("id", UUID, True),), False, True, False, CHATS),
        )
    },
    types={"text": TEXT, "_text": TypeName("pg_catalog", "_text")},
)
SHOWN = Wish(preferences=Preferences(returning="representation"))


def asked(*pairs: tuple[str, str]) -> Query:
    return parse_query(list(pairs), taken=("columns", "on_conflict"))


def read(*pairs: tuple[str, str]) -> Statement:
    return build_read(CATALOGUE, "chats", asked(*pairs).tree, Wish())


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    st.sampled_from(("eq", "neq", "like", "ilike", "match", "cs", "isdistinct", "fts", "gt")),
)
def test_a_value_changes_nothing_but_what_is_bound(value: str, operator: str) -> None:
    plain = read(("title", f"{operator}.x"))
    statement = read(("title", f"{operator}.{value}"))

    expected = value.replace("*", "%") if operator in ("like", "ilike") else value
    assert statement.text.as_string() == plain.text.as_string()
    assert expected in statement.values.values()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters='\0\\"')), min_size=1))
def test_a_list_of_values_is_one_value(members: list[str]) -> None:
    quoted = ",".join(f'"{member}"' for member in members)

    statement = read(("title", f"in.({quoted})"))

    assert statement.text.as_string() == read(("title", "in.(x)")).text.as_string()
    assert f"{{{quoted}}}" in statement.values.values()


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([("nope", "eq.1")], "42703"),
        ([("select", "nope")], "42703"),
        ([("order", "nope")], "42703"),
        ([("or", "(nope.eq.1)")], "42703"),
        ([("select", "ctid")], "42703"),
        ([("select", "id::nope")], "42704"),
        ([("select", "messages(id)")], "PGRST200"),
        ([("messages.id", "eq.1")], "PGRST108"),
        ([("messages.limit", "1")], "PGRST108"),
    ],
)
def test_a_name_the_catalogue_lacks_never_reaches_the_database(
    pairs: list[tuple[str, str]], code: str
) -> None:
    with pytest.raises(RestError) as caught:
        read(*pairs)

    assert caught.value.code == code


def test_an_alias_is_quoted_and_a_percent_sign_in_it_is_no_placeholder() -> None:
    text = read(("select", r'"a\"%(v0)s":title')).text.as_string()

    assert 'as "a""%%(v0)s" from' in text


def test_a_cast_has_no_length_that_would_cut_a_value() -> None:
    text = read(("select", "title::text[]")).text.as_string()

    assert 'cast("chats"."title" as "pg_catalog"."_text") as "title"' in text


def test_only_the_columns_that_are_asked_for_are_returned_by_a_write() -> None:
    query, rows = asked(("select", "id"), ("id", "eq.1")), Rows('[{"title":"x"}]', ("title",))
    written = [
        build_insert(CATALOGUE, "chats", asked(("select", "id")), rows, SHOWN),
        build_update(CATALOGUE, "chats", query, rows, SHOWN),
        build_delete(CATALOGUE, "chats", query, SHOWN),
    ]

    for statement in written:
        text = statement.text.as_string()
        assert 'returning "chats"."id")' in text
        assert "secret" not in text


def test_a_minimal_answer_reads_no_column() -> None:
    rows = Rows('[{"title":"x"}]', ("title",))

    statement = build_insert(CATALOGUE, "chats", asked(), rows, Wish(with_body=False))

    assert "returning 1 as written" in statement.text.as_string()


@pytest.mark.parametrize(
    "build", [build_delete, lambda c, n, q, w: build_update(c, n, q, Rows("[]", ()), w)]
)
def test_a_write_without_a_filter_is_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(RestError, match="requires a WHERE clause"):
        build(CATALOGUE, "chats", asked(), SHOWN)
    with pytest.raises(RestError, match="not implemented"):
        build(CATALOGUE, "chats", asked(("id", "eq.1"), ("limit", "1")), SHOWN)


def test_a_function_is_chosen_by_the_names_of_its_arguments() -> None:
    given = Arguments(("words",), {"words": ["x'"]})

    function = choose_function(CATALOGUE, "find", given)
    statement = build_call(CATALOGUE, function, given, asked().tree, Wish())

    assert '"public"."find"("words" => %(v0)s::"pg_catalog"."text")' in statement.text.as_string()
    assert statement.values["v0"] == "x'"
    with pytest.raises(RestError, match="Could not find the function"):
        choose_function(CATALOGUE, "find", Arguments(("words", "more")))
