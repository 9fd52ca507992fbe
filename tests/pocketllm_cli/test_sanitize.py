import pytest

from pocketllm_cli.sanitize import Sanitizer, clean_line, clean_text

CASES = [
    pytest.param("a\x1b[31mred\x1b[0mb", "aredb", id="colour"),
    pytest.param("a\x1b]0;title\x07b", "ab", id="OSC with BEL"),
    pytest.param("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb", id="OSC with ST"),
    pytest.param("a\x1bPq#0\x1b\\b\x1b_Gx\x1b\\c\x1b^p\x1b\\d\x1bXs\x1b\\e", "abcde", id="strings"),
    pytest.param("a\x9d0;t\x9cb\x9b2Jc\x90q\x9cd", "abcd", id="8-bit forms"),
    pytest.param("a\x1bcb\x1b(Bc\x1b#8d", "abcd", id="short escapes"),
    pytest.param("a\x07b\x08c\x7fd\x00e\x85f", "abcdef", id="single controls"),
    pytest.param("a\r\nb\rc\td", "a\nbc\td", id="carriage returns"),
    pytest.param("a\x1b]0;never ended\nkept", "a0;never ended\nkept", id="unended, line feed"),
    pytest.param("a\x1b]" + "x" * 300 + " kept", "a" + "x" * 300 + " kept", id="unended, long"),
    pytest.param("a\x1b]0;never ended", "a0;never ended", id="unended, end of text"),
    pytest.param("a\x1b[31", "a", id="unended CSI"),
    pytest.param("a\x1b[31\nb", "a\nb", id="broken CSI"),
    pytest.param("a\x1b", "a", id="lone escape"),
    pytest.param("a\x1b\x1b[1mb", "ab", id="escape before a sequence"),
    pytest.param("a\x1b" + " " * 300 + "b", "a" + " " * 300 + "b", id="endless intermediates"),
    pytest.param("a\x1b[" + "1;" * 200 + "mb", "a" + "1;" * 200 + "mb", id="endless parameters"),
    pytest.param("ok \u0301\U0001f468\u200d\U0001f469 ü\u2028", None, id="text stays"),
    pytest.param("a\ud800b", "ab", id="half a character"),
]


@pytest.mark.parametrize(("text", "clean"), CASES)
def test_the_result_does_not_depend_on_where_the_text_was_cut(text: str, clean: str | None) -> None:
    for size in range(1, min(len(text), 12) + 1):
        sanitizer = Sanitizer(for_terminal=False)
        pieces = [sanitizer.feed(text[at : at + size]) for at in range(0, len(text), size)]

        assert "".join(pieces) + sanitizer.finish() == (text if clean is None else clean)


def test_on_a_terminal_characters_that_reorder_or_hide_text_are_shown() -> None:
    text = "a\u202eb\u2066c\U000e0041d\u200be"

    assert clean_text(text) == "a<U+202E>b<U+2066>c<U+E0041>d<U+200B>e"
    assert clean_text(text, for_terminal=False) == text


def test_a_line_has_no_line_feeds() -> None:
    assert clean_line(" a\n b\t\x1b[1mc ") == "a b c"


def test_an_unended_sequence_holds_back_little() -> None:
    sanitizer = Sanitizer(for_terminal=False)

    shown = sanitizer.feed("\x1b]0;" + "x" * 1000)

    assert len(shown) > 700
