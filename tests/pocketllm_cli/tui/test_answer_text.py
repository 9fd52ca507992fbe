"""Answers as rows: how Markdown is laid out, how it grows, and what is copied of it."""

import os

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from pocketllm_cli.settings import paint_often
from pocketllm_cli.tui.growing_markdown import GrowingMarkdown
from pocketllm_cli.tui.markdown_rows import Paper
from pocketllm_cli.tui.rows import text_within
from pocketllm_cli.tui.widgets.answer_text import AnswerText

TEXT = """\
# A heading

A paragraph of **bold** and `code` that is
written in two lines.

1. One
   - nested
   - again
2. Two

   with a second paragraph
3. Three
> A quote
> of two lines

| name | takes |
|---|---|
| area | a radius |

```python
def area(radius):
\treturn 3.14 * radius ** 2
```
---
The [end][1].

[1]: https://example.com
"""


def shown(text: str, width: int = 60, *, is_plain: bool = False) -> list[str]:
    markdown = GrowingMarkdown(is_plain)
    markdown.append(text)
    return lines_of(markdown, width)


def lines_of(markdown: GrowingMarkdown, width: int = 60) -> list[str]:
    return [row.content.plain.rstrip() for row in markdown.rows(Paper(width))]


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize("width", [12, 60])
def test_a_text_that_grew_looks_like_one_that_came_whole(size: int, width: int) -> None:
    text = TEXT.replace("[end][1]", "end").partition("[1]")[0]
    markdown = GrowingMarkdown(is_finished=False)
    for start in range(0, len(text), size):
        markdown.append(text[start : start + size])
        markdown.rows(Paper(width))
    markdown.finish(is_finished=True)
    assert lines_of(markdown, width) == shown(text, width)


def test_blocks_stand_below_each_other_with_a_line_between() -> None:
    assert shown(TEXT)[:9] == [
        "A heading",
        "",
        "A paragraph of bold and code that is written in two lines.",
        "",
        " 1. One",
        "    ▪ nested",
        "    ▪ again",
        " 2. Two",
        "",
    ]


def test_items_keep_their_numbers_however_the_list_arrives() -> None:
    markdown = GrowingMarkdown(is_finished=False)
    for _ in range(12):
        markdown.append("1. item\n")
        lines = lines_of(markdown)
    assert lines[8:12] == [" 9. item", "10. item", "11. item", "12. item"]


def test_what_is_complete_is_not_laid_out_again() -> None:
    markdown = GrowingMarkdown(is_finished=False)
    markdown.append("One\n\nTwo\n\nThr")
    before = markdown.rows(Paper(60))
    markdown.append("ee")
    after = markdown.rows(Paper(60))
    assert all(old is new for old, new in zip(before[:4], after, strict=False))
    assert [row.content.plain for row in after[4:]] == ["Three", ""]


def test_nothing_is_wider_than_its_room_and_no_code_is_out_of_sight() -> None:
    code = "x = '" + "表" * 60 + "'"
    for width in (16, 24, 60):
        markdown = GrowingMarkdown()
        markdown.append(f"{TEXT}\n```python\n{code}\n```\n")
        rows = markdown.rows(Paper(width))
        assert max(row.content.cell_length for row in rows) <= width
        assert "".join(row.content.plain.strip() for row in rows).count("表") == 60


def test_a_table_that_is_too_wide_is_broken_within_its_cells() -> None:
    lines = shown("| a | b |\n|---|---|\n| one two three four | 5 |\n", 20)
    assert lines[0] == "┌────────────┬─────┐"
    assert "│ one two    │ 5   │" in lines
    assert "│ three four │     │" in lines


def test_a_text_that_is_no_markdown_is_shown_as_it_is() -> None:
    assert shown("# *a*\n\n- b", is_plain=True) == ["# *a*", "", "- b"]


def test_a_copy_has_the_lines_that_were_written() -> None:
    markdown = GrowingMarkdown()
    markdown.append("Words that are wrapped here.\n\n- and a\n  list\n\n```\nlong_code_line\n```\n")
    rows = markdown.rows(Paper(12))
    assert text_within(rows, Selection(None, None)).split("\n") == [
        "Words that are wrapped here.",
        "",
        "and a list",
        "",
        "long_code_line",
        "",
    ]
    assert text_within(rows, Selection(Offset(6, 0), Offset(4, 1))) == "that are"


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield AnswerText("One *line*.")


async def test_an_answer_grows_is_selected_and_follows_the_width() -> None:
    async with Host().run_test(size=(40, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        answer.feed("\n\nAnother that is much longer than the first line was.")
        while answer.size.height != 5:
            await pilot.pause(0.01)
        answer.text_select_all()
        await pilot.pause()
        selected = pilot.app.screen.get_selected_text()
        assert selected is not None
        assert selected.split() == answer.text.replace("*", "").split()
        await pilot.resize_terminal(20, 20)
        await pilot.pause()
        assert answer.size.height == 6
        answer.show_whole("Short.")
        await pilot.pause()
        assert answer.size.height == 2
        line = "".join(segment.text for segment in answer.render_line(0))
        assert line == f"{'Short.':<20}"


async def test_a_piece_that_adds_a_line_has_the_screen_laid_out_once() -> None:
    async with Host().run_test(size=(40, 20)) as pilot:
        answer = pilot.app.query_one(AnswerText)
        await pilot.pause()
        layouts: list[object] = []
        pilot.app.screen.screen_layout_refresh_signal.subscribe(answer, layouts.append)
        for number in range(3):
            height = answer.size.height
            answer.feed(f"\n\nParagraph {number}.")
            while answer.size.height == height:
                await pilot.pause(0.01)
            await pilot.pause()
        assert len(layouts) == 3


def test_how_often_is_painted_can_be_said_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTUAL_FPS", "30")
    paint_often()
    assert os.environ["TEXTUAL_FPS"] == "30"
    monkeypatch.delenv("TEXTUAL_FPS")
    paint_often()
    assert os.environ["TEXTUAL_FPS"] == "120"
