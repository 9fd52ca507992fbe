"""Nothing that others wrote can crash the app, restyle it, act, hide or reach the terminal."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from pocketllm_cli.models import Context
from pocketllm_cli.tui.clipboard import osc52
from pocketllm_cli.tui.safe_markdown import code_blocks, is_too_large, links_in
from pocketllm_cli.tui.window_title import title_sequence
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app

HOSTILE = {
    "markup": "[/x] [red]a[/blue] [@click=app.quit]b[/] [link=https://evil.example]c[/link]",
    "escapes": "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b]0;owned\x07\x1bc\x9b31m\x90x\x9c bell\x07",
    "order": "pay \u202egro.live\u202c now \u200b\U000e0041",
    "html": "<script>alert(1)</script> <!-- hidden --> <b>bold</b>",
    "nesting": ">" * 500 + " deep\n\n" + "- " * 300 + "deeper\n\n" + "[" * 2000,
    "tables": "|" * 400 + "\n" + "|-" * 400 + "|\n",
    "links": "[safe](javascript:alert(1)) [a](https://evil.example/x?q=1) ![p](https://e.example/p.png)",
    "fences": "```" + "x" * 5000 + "\ncode\n```\n```python\ndef f(:\n```\n````",
    "wide": "表 👩‍👩‍👧‍👦 e\u0301 ﷽ \u0300\u0301" * 20,
    "heading": "# \x1b[31m[/] #.{}\n" + "#" * 6 + " 💥",
    "lines": "a\u2028b\u2029c\rd\x85e\x0bf\x0cg",
    "empty": "",
    "image data": "![x](data:image/png;base64,AAAA)",
}


async def test_text_from_outside_is_shown_and_does_nothing(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for text in HOSTILE.values():
        fake.add_chat(text[:200])
        fake.add_model(text[:60] or "empty")
    chat = fake.add_chat("\x1b]0;owned\x07[/x]", used="2026-01-02T04:00:00+00:00")
    for text in HOSTILE.values():
        error = {"code": "x", "message": text}
        sources = [{"title": text}, text]
        fake.add_message(chat["id"], "user", text)
        fake.add_message(
            chat["id"], "assistant", text, model=text[:50], error=error, sources=sources
        )
    everything = "\n\n".join(HOSTILE.values())
    fake.pieces = [everything[start : start + 40] for start in range(0, len(everything), 40)]
    pages = []
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: shown.screen.current.is_loaded and shown.texts)
        await shown.pilot.press("ctrl+up")
        for _ in range(len(HOSTILE)):
            await shown.pilot.press("k", "k")
            pages.append(shown.page)
            await shown.click((32, 12), (40, 12), (60, 12))
        await shown.until(lambda: len(shown.screen.current.stored) == 2 * len(HOSTILE))
        await shown.ask("Again?")
        await shown.until(lambda: shown.screen.current.stored[-2].message.content == "Again?")
        await shown.until(lambda: shown.screen.current.running is None)
        pages.append(shown.page)
        await shown.pilot.press("ctrl+l")
        await shown.until(lambda: len(shown.app.screen_stack) == 2)
        pages.append(shown.page)
        await shown.pilot.press("escape")

        assert shown.app.is_running
        assert len(shown.app.screen_stack) == 1
    assert not set("".join(pages)) & set("\x1b\x07\x08\x9b\x90\u202e\u200b\U000e0041")


async def test_html_is_shown_rather_than_left_out(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("x")
    fake.add_message(chat["id"], "assistant", "before <!-- hidden order --> after")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.until(lambda: "hidden" in shown.page)


async def test_a_link_shows_where_it_goes_and_opens_only_when_agreed_to(
    fake: FakeBackend, context: Context, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = fake.add_chat("x")
    fake.add_message(chat["id"], "assistant", "[your bank](https://xn--bnk-5ia.example/login)")
    opened: list[str] = []
    async with shown_app(context, folder, chat="last") as shown:
        monkeypatch.setattr(shown.app, "open_url", opened.append)
        await shown.until(lambda: "<https://xn--bnk-5ia.example/login>" in shown.page)
        await shown.pilot.click(shown.screen.conversation.views[0])
        await shown.pilot.press("ctrl+up", "o")
        await shown.until(lambda: len(shown.app.screen_stack) == 2)
        await shown.pilot.press("enter")  # the first button does not agree
        await shown.until(lambda: len(shown.app.screen_stack) == 1)
        assert not opened
        await shown.pilot.press("o")
        await shown.until(lambda: len(shown.app.screen_stack) == 2)
        await shown.pilot.press("tab", "enter")
        await shown.until(lambda: opened == ["https://xn--bnk-5ia.example/login"])


async def test_what_is_copied_is_what_is_shown_and_a_hostile_file_name_is_shown_as_text(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("x")
    fake.add_message(chat["id"], "assistant", "safe \x1b]52;c;ZXZpbA==\x07\x9b31m\u202etext")
    (folder / "evil\x1b]0;owned\x07[red]\u202e.txt").write_text("x")
    async with shown_app(context, folder, chat="last") as shown:
        written: list[str] = []
        shown.screen.parts.clipboard.write = written.append
        await shown.until(lambda: shown.texts)
        await shown.pilot.press("ctrl+up", "y")
        await shown.until(lambda: written == [osc52("safe <U+202E>text")])
        await shown.pilot.press("i", "at", "e", "v")
        await shown.see("evil[red]<U+202E>.txt")


async def test_a_flood_of_combining_marks_stays_in_its_box(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Z" + "\u0300\u0301" * 50)
    fake.add_message(chat["id"], "user", ("a" + "\u0300\u0301\u0323" * 40) * 60)
    fake.add_message(chat["id"], "assistant", HOSTILE["wide"] * 5)
    async with shown_app(context, folder, chat="last", size=(80, 24)) as shown:
        await shown.until(lambda: len(shown.texts) == 2)
        await shown.until(lambda: {cell_len(line) for line in shown.page.split("\n")} == {80})


def test_only_web_addresses_are_links() -> None:
    text = "[a](javascript:x) [b](file:///etc/passwd) [c](https://a.example) <http://b.example>"
    assert links_in(text) == ["https://a.example", "http://b.example"]


def test_bare_addresses_are_links_where_they_are_no_code() -> None:
    text = "see https://a.example/x_(y), `https://b.example` and\n\n    https://c.example\n"
    assert links_in(text) == ["https://a.example/x_(y"]
    assert links_in("[https://d.example](https://e.example)") == ["https://e.example"]


def test_code_blocks_are_found_in_their_order() -> None:
    assert code_blocks("```\na\n```\ntext\n\n    b\n") == ["a\n", "b\n"]


def test_a_text_that_would_be_too_many_widgets_is_known() -> None:
    assert is_too_large("x\n" * 2000)
    assert is_too_large("|" * 100)
    assert not is_too_large("# A usual answer\n\n" * 20)


@pytest.mark.parametrize("fence", ["", "``` `\n", "- a\n  ```\n", "````\n```\n````\n"])
def test_a_paragraph_that_would_hold_up_the_parser_is_known(fence: str) -> None:
    assert is_too_large(fence + "[" * 12_001)
    assert is_too_large(fence + "http://a.\n" * 1_400)
    assert not is_too_large(fence + f"{'[' * 2_000}\n\n" * 8)


def test_code_may_be_long() -> None:
    assert not is_too_large("Here:\n```python\n" + "print('a line of code')\n" * 900 + "```\n")


def test_a_title_cannot_leave_the_sequence_that_sets_it() -> None:
    sequence = title_sequence("a\x07\x1b]52;c;eA==\x07\nb")
    assert sequence == "\x1b]2;a b - PocketLLM\x07"
