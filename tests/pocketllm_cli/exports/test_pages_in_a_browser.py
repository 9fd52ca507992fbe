"""Exported pages as a browser sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketllm_cli.exports.html import render_html
from tests.pocketllm_cli.exports.test_pages import chat, message
from tests.support.browser import Browser, running_browser

pytestmark = pytest.mark.xdist_group("browser")

HOSTILE = """Before
<script>document.title = 'run'</script> <img src=https://evil.example/1.png onerror=alert(1)>
![pixel](https://evil.example/2.png) <iframe src='https://evil.example/3'></iframe>
<link rel=stylesheet href=https://evil.example/4.css><style>@import 'https://evil.example/5'</style>
</main></body></html><script src=https://evil.example/6.js></script>

```html"><script>alert(7)</script>
<svg onload=alert(8)>
```

[link](javascript:alert(9)) **after**"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_a_page_shows_what_was_said_loads_nothing_and_runs_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "chat.html"
    said = (message(1, "user", "France ✓ 日本?"), message(2, "assistant", HOSTILE, model="gpt"))
    page.write_text(render_html(chat(*said, title="<b>Capitals</b>")), encoding="utf-8")

    visit = browser.visit(page.as_uri())

    assert visit.requests == (page.as_uri(),)
    assert visit.scripts == ()
    assert visit.text.startswith("<b>Capitals</b>\n")
    for shown in ("France ✓ 日本?", "gpt", "<script>document.title", "<svg onload=alert(8)>"):
        assert shown in visit.text
    assert visit.text.endswith("after")


def test_the_browser_would_tell_of_a_page_that_loads_or_runs_something(
    browser: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "other.html"
    page.write_text("<p>Before<img src=https://a.example/1.png><script>document.write(1)</script>")

    visit = browser.visit(page.as_uri())

    assert visit.requests == (page.as_uri(), "https://a.example/1.png")
    assert len(visit.scripts) == 1
    assert visit.text == "Before1"
