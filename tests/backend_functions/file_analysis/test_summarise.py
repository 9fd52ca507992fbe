"""A long text is cut into what a model can hold, and nothing of it is lost on the way."""

from hypothesis import given
from hypothesis import strategies as st

from backend_functions.file_analysis.summarise import group_texts, split_text

TEXTS = st.text(st.sampled_from("ab é\n𝄞\r"), max_size=300)


@given(TEXTS, st.integers(8, 80))
def test_pieces_are_bounded_and_together_they_are_the_text(text: str, max_bytes: int) -> None:
    pieces = split_text(text, max_bytes, most=1000)

    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= max_bytes for piece in pieces)


@given(TEXTS, st.integers(8, 80), st.integers(1, 3))
def test_of_a_text_that_is_too_long_the_beginning_is_read(
    text: str, max_bytes: int, most: int
) -> None:
    pieces = split_text(text, max_bytes, most)

    assert len(pieces) <= most
    assert text.startswith("".join(pieces))


def test_a_text_is_cut_between_its_lines() -> None:
    assert split_text("one\ntwo\nthree\n", 8, most=9) == ["one\ntwo\n", "three\n"]


@given(st.lists(TEXTS, min_size=2, max_size=12), st.integers(20, 200))
def test_each_round_of_summaries_leaves_at_most_half_of_them(
    texts: list[str], max_bytes: int
) -> None:
    groups = group_texts(texts, max_bytes)

    assert len(groups) <= (len(texts) + 1) // 2
    assert all(len(group.encode()) <= max_bytes for group in groups)
