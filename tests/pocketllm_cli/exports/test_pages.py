"""Chats as Markdown and as HTML pages."""

from html.parser import HTMLParser
from typing import Any

import pytest

from pocketllm_cli.exports.html import render_body, render_html
from pocketllm_cli.exports.markdown import render_markdown
from pocketllm_cli.exports.whole_chat import WholeChat
from pocketllm_cli.models import ChatWithTurns

NOW = "2026-01-01T10:00:00+00:00"


def message(number: int, role: str, content: str, **metadata: Any) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "parent_id": f"m{number - 1}" if number > 1 else None,
        "role": role,
        "content": content,
        "metadata": metadata or None,
        "created_at": NOW,
    }


def chat(*messages: dict[str, Any], title: str = "Capitals") -> ChatWithTurns:
    row = {
        "id": "c1",
        "title": title,
        "title_by": "person",
        "model_config_id": None,
        "current_message_id": messages[-1]["id"] if messages else None,
        "created_at": NOW,
        "updated_at": NOW,
        "archived_at": None,
    }
    return WholeChat(row, messages).as_turns()


ANSWER = {"model": "gpt", "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.001}


class Elements(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown_begins_with_what_the_chat_took() -> None:
    text = render_markdown(
        chat(message(1, "user", "France?"), message(2, "assistant", "Paris", **ANSWER))
    )

    front, body = text.split("---\n")[1:]
    assert 'title: "Capitals"\n' in front
    assert 'models: ["gpt"]\n' in front
    assert "input_tokens: 10\noutput_tokens: 5\ncost_usd: 0.001\n" in front
    assert body == "\n# Capitals\n\n## You\n\nFrance?\n\n## Answer (gpt)\n\nParis\n"


def test_a_title_cannot_end_the_front_matter() -> None:
    text = render_markdown(chat(title='a"\n---\nevil: yes\x1b[2J'))

    assert text.split("\n")[1] == 'title: "a\\" --- evil: yes"'


def test_an_answer_that_is_not_whole_says_so_and_sources_are_listed() -> None:
    sources = [{"title": "A page", "url": "https://example.org/a"}]
    text = render_markdown(
        chat(message(1, "assistant", "Par", status="incomplete", sources=sources))
    )

    assert "## Answer (incomplete)" in text
    assert "- A page: <https://example.org/a>" in text


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![pixel](https://evil.example/p.png)",
        "![pixel][1]\n\n[1]: https://evil.example/p.png",
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "<https://evil.example/x>",
        "</article></main><iframe src='https://evil.example'>",
        '```"><script>alert(1)</script>\nx\n```',
        "[a](https://e.example 'x\" onclick=\"alert(1)')",
    ],
)
def test_a_page_runs_nothing_and_loads_nothing_whatever_a_message_says(content: str) -> None:
    page = Elements(
        render_html(chat(message(1, "assistant", content, model=content), title=content))
    )

    tags = {tag for tag, _ in page.found}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "base", "video"})
    for tag, attributes in page.found:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "link" or "src" in attributes:
            pytest.fail(f"{tag} loads something")
        assert not str(attributes.get("href") or "").lower().startswith(("javascript", "data"))
    assert (
        "meta",
        {"http-equiv": "Content-Security-Policy", "content": page_policy(page)},
    ) in page.found
    assert "default-src 'none'" in page_policy(page)


def test_a_page_has_what_a_model_thought_folded_and_as_text() -> None:
    answer = message(1, "assistant", "Paris", reasoning="Hm <script>\n</details>")
    page = render_html(chat(answer))

    thoughts = "<p>Hm &lt;script&gt;\n&lt;/details&gt;</p>"
    assert f"<details><summary>Thoughts</summary>{thoughts}</details>" in page
    assert "Hm" not in render_markdown(chat(answer))


def page_policy(page: Elements) -> str:
    return next(
        str(attributes["content"])
        for tag, attributes in page.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )


def test_markdown_becomes_a_page_with_code_and_tables() -> None:
    body = render_body("|a|b|\n|-|-|\n|1|2|\n\n```py\n<b>\n```\n[x](https://e.example)")

    assert "<table>" in body
    assert "&lt;b&gt;" in body
    assert (
        '<a href="https://e.example" title="https://e.example" rel="noopener noreferrer">' in body
    )
