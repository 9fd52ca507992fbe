"""`pocketllm backend logs --mail`: what the embedded backend would have mailed."""

import json
from pathlib import Path

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli


@pytest.fixture
def outbox(home: Path) -> Path:
    folder = home / "data" / "backend" / "mail"
    folder.mkdir(parents=True)
    return folder


def put(outbox: Path, number: int, **changes: object) -> None:
    mail = {
        "version": 1,
        "sent_at": "2026-01-02T03:04:05+00:00",
        "kind": "magic_link",
        "to": f"user{number}@example.com",
        "subject": "Sign in",
        "text": f"The code is {number:06d}\n\nOr open:\nhttp://127.0.0.1:1/verify",
        "code": f"{number:06d}",
        "link": "http://127.0.0.1:1/verify",
    }
    (outbox / f"{number:020d}-x.json").write_text(json.dumps(mail | changes))


def test_mails_are_shown_with_their_codes_the_newest_last(cli: Cli, outbox: Path) -> None:
    for number in (3, 1, 2):
        put(outbox, number)

    shown = cli("backend", "logs", "--mail", "--lines", "2").out

    assert "user1@" not in shown
    assert shown.index("000002") < shown.index("000003")
    assert "http://127.0.0.1:1/verify" in shown


def test_programs_get_the_code_and_the_link(cli: Cli, outbox: Path) -> None:
    put(outbox, 7)

    (mail,) = json.loads(cli("backend", "logs", "--mail", "--json").out)

    assert list(mail) == ["sent_at", "to", "kind", "subject", "code", "link", "text"]
    assert (mail["to"], mail["code"]) == ("user7@example.com", "000007")


def test_what_somebody_wrote_into_an_address_does_not_reach_the_terminal(
    cli: Cli, outbox: Path
) -> None:
    put(outbox, 1, to="\x1b]0;owned\x07a@b.c", text="\x1b[31mred\x1b[0m 123456")

    shown = cli("backend", "logs", "--mail").out

    assert "\x1b" not in shown
    assert "123456" in shown


def test_an_empty_outbox_and_what_is_no_mail_are_no_failure(cli: Cli, outbox: Path) -> None:
    (outbox / "1.json").write_text("{")
    (outbox / "2.json").write_text("[]")

    assert cli("backend", "logs", "--mail").out == "No mail.\n"
    assert json.loads(cli("backend", "logs", "--mail", "--json").out) == []


def test_mails_cannot_be_followed(cli: Cli, outbox: Path) -> None:
    assert cli("backend", "logs", "--mail", "-f").exit_code == ExitCode.USAGE
