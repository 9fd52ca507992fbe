import io

import pytest
from rich.console import Console

from pocketllm_cli.markdown import _Block, finished_length

ANSWER = """# Title

One line
and another.

```py
a = 1

b = 2
```
- one

  still one
- two

| a | b |
|---|---|
| 1 | 2 |

End"""


def rendered(text: str, most_lines: int | None = None) -> str:
    out = io.StringIO()
    block = _Block(text, has_gap=False, most_lines=most_lines)
    Console(file=out, width=40, height=10).print(block, end="", crop=False)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_cutting_off_finished_blocks_gives_the_same_blocks(size: int) -> None:
    rest, blocks = "", []
    for at in range(0, len(ANSWER), size):
        rest += ANSWER[at : at + size]
        if end := finished_length(rest):
            blocks.append(rest[:end])
            rest = rest[end:]
    text = "".join([*blocks, rest])

    assert text == ANSWER
    assert not any(block.count("```") == 1 for block in [*blocks, rest])
    assert not any("- one" in block and "- two" not in block for block in [*blocks, rest])


def test_line_breaks_html_and_pictures_stay_visible() -> None:
    text = rendered("one\ntwo <b>x</b>\n\n<think>\nhm\n</think>\n\n![pic](http://x/y.png)")

    assert "one\ntwo <b>x</b>" in text
    assert "<think>" in text
    assert "pic (http://x/y.png)" in text


def test_only_the_end_of_a_long_block_is_drawn() -> None:
    assert rendered("\n".join(f"line {n}" for n in range(50)), most_lines=2) == (
        "line 48\nline 49\n"
    )


@pytest.mark.timeout(10)
@pytest.mark.parametrize("flood", ["[" * 300_000, "> " * 150_000], ids=["[", ">"])
def test_a_flood_of_markup_is_shown_as_it_is(flood: str) -> None:
    assert finished_length(flood) == len(flood)
    assert rendered(flood).count(flood[0]) == flood.count(flood[0])


LONG = "x = [" + ", ".join(str(number) for number in range(40)) + "]"


@pytest.mark.parametrize(
    "around",
    ["```py\n{}\n```", "- item\n\n  ```py\n  {}\n  ```", "1. one\n   ```\n   {}\n   ```\n2. two"],
    ids=["alone", "in a list", "in a numbered list"],
)
def test_lines_of_code_are_whole_and_begin_at_the_left_edge(around: str) -> None:
    lines = rendered(
        around.format(f"{LONG}\n" + "   " * around.startswith(("-", "1")) + "\ty")
    ).split("\n")

    assert LONG in lines


def test_code_that_is_being_written_fits_the_screen() -> None:
    assert max(len(line) for line in rendered(f"```py\n{LONG}", most_lines=5).split("\n")) <= 40


def test_headings_begin_at_the_left_edge() -> None:
    assert rendered("# One\n\n## Two\n\ntext").split("\n") == ["One", "", "Two", "", "text", ""]


def test_code_too_deep_for_a_narrow_screen_is_shown_as_it_is() -> None:
    deep = "- - - - - - - - - - - - - - - - ```\n" + " " * 32 + "code"

    assert "code" in rendered(deep)
