"""Reads that differ only in what they compare with share their SQL, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from backend_functions.gateway.rest.compared import put_in_values, take_out_values
from tests.backend_functions.gateway.rest.test_build import read

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
CONDITIONS = st.tuples(
    st.sampled_from(("id", "title", "secret")),
    st.sampled_from(("eq", "not.eq", "neq", "gt", "not.lte", "like", "match", "isdistinct")),
    TEXTS,
)


@given(st.lists(CONDITIONS, max_size=5), st.integers(0, 9))
def test_a_read_with_its_values_put_back_is_the_read_itself(
    conditions: list[tuple[str, str, str]], limit: int
) -> None:
    pairs = [(column, f"{operator}.{text}") for column, operator, text in conditions]
    pairs += [("or", "(title.eq.x,id.gt.y)"), ("limit", str(limit)), ("order", "title.desc")]

    marked, values = take_out_values(pairs)
    kept = put_in_values(read(*marked), values)

    assert (kept.sent, kept.values) == (read(*pairs).sent, read(*pairs).values)


@given(TEXTS, TEXTS)
def test_reads_that_compare_with_something_else_are_told_alike(one: str, other: str) -> None:
    first, _ = take_out_values([("title", f"eq.{one}"), ("select", "id")])
    second, _ = take_out_values([("title", f"eq.{other}"), ("select", "id")])

    assert first == second


def test_what_only_looks_like_a_comparison_stays_as_it_is() -> None:
    pairs = [
        ("order", "eq.desc"), ("roles.order", "gt.asc"), ("select", "eq.x"),
        ("title", "eq(any).{a}"), ("title", "in.(eq.a)"), ("title", "is.null"),
        ("and", "eq.a"), ("roles.or", "lt.b"),
    ]  # fmt: skip

    assert take_out_values(pairs) == (pairs, {})
