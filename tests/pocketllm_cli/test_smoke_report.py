from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from pocketllm_cli.smoke.junit import render_junit
from pocketllm_cli.smoke.names import chat_title, image_prompt, oldest_of_now
from pocketllm_cli.smoke.report import SmokeReport, SmokeStep


@pytest.mark.parametrize(
    "text", ["a\x1b]52;c;aGk=\x07b", "\x00\x0b\ufffe", "<&>\"'", "\ud800", "ä"]
)
def test_whatever_a_model_says_the_report_is_xml(text: str) -> None:
    steps = (
        SmokeStep("ask", "failed", 0.25, text, text, "provider_failed"),
        SmokeStep("rows", "skipped", 0.0, text),
        SmokeStep("file", "ok", 0.5, text),
    )
    report = SmokeReport(False, 0.75, text, None, steps)

    document = ElementTree.fromstring(render_junit(report).encode("utf-8"))  # noqa: S314 - ours

    suite = document[0]
    counted = {name: suite.attrib[name] for name in ("tests", "failures", "skipped", "time")}
    assert counted == {"tests": "3", "failures": "1", "skipped": "1", "time": "0.750"}
    assert "\x1b" not in render_junit(report)


def test_a_run_is_known_by_its_names() -> None:
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert chat_title(began) == "pocketllm smoke 2026-01-02 03:04:05"
    assert image_prompt("01234567-89ab").startswith("pocketllm smoke 01234567: ")
    assert oldest_of_now("2026-01-02T03:04:05.5+00:00", 5) == "2026-01-02T03:04:00.500000+00:00"
