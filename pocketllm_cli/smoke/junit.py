"""A smoke report as JUnit XML, which every CI shows. Pure.

Source: https://github.com/testmoapp/junitxml (the dialect that GitLab, Jenkins and others read)
"""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pocketllm_cli.sanitize import clean_text
from pocketllm_cli.smoke.report import SmokeReport, SmokeStep

_SUITE: Final = "pocketllm smoke"
# What XML 1.0 has no way to write, escaped or not.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: SmokeReport) -> str:
    """Return the report as a document."""
    counts = {
        "tests": str(len(report.steps)),
        "failures": str(_count(report, "failed")),
        "skipped": str(_count(report, "skipped")),
        "errors": "0",
        "time": f"{report.seconds:.3f}",
    }
    whole = Element("testsuites", {"name": _SUITE, **counts})
    suite = SubElement(whole, "testsuite", {"name": _SUITE, **counts})
    properties = SubElement(suite, "properties")
    for name, value in (("context", report.context), ("url", report.url or "")):
        SubElement(properties, "property", {"name": name, "value": _plain(value)})
    for step in report.steps:
        _add(suite, step)
    indent(whole)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(whole, encoding="unicode")}\n'


def _add(suite: Element, step: SmokeStep) -> None:
    attributes = {"classname": "pocketllm.smoke", "name": step.step, "time": f"{step.seconds:.3f}"}
    case = SubElement(suite, "testcase", attributes)
    detail = _plain(step.detail)
    if step.state == "skipped":
        SubElement(case, "skipped", {"message": detail})
    elif step.state == "failed":
        kind = {"message": detail, "type": step.code or "failed"}
        SubElement(case, "failure", kind).text = _plain(f"{step.detail}\n{step.fix or ''}".strip())
    else:
        SubElement(case, "system-out").text = detail


def _count(report: SmokeReport, state: str) -> int:
    return sum(step.state == state for step in report.steps)


def _plain(text: str) -> str:
    return _NOT_IN_XML.sub("", clean_text(text, for_terminal=True))
