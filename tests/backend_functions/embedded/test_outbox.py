import json
from pathlib import Path

import pytest

from backend_functions.embedded.outbox import Outbox
from backend_functions.gateway.auth.mails import compose_mail

MAIL = compose_mail("magic_link", "a@example.com", code="123456", link="http://127.0.0.1/verify")


async def test_a_mail_is_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "mail"

    await Outbox(folder).put(MAIL)

    (file,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())
    assert (kept["to"], kept["code"], kept["link"]) == ("a@example.com", "123456", MAIL.link)
    assert "123456" in kept["text"]


async def test_only_the_newest_mails_are_kept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "mail", max_mails=3)

    for number in range(6):
        await outbox.put(compose_mail("recovery", f"{number}@example.com", code="1", link=None))

    files = sorted((tmp_path / "mail").iterdir())
    assert [json.loads(file.read_text())["to"][0] for file in files] == ["3", "4", "5"]


async def test_a_mail_that_cannot_be_written_is_not_taken_for_sent(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")

    with pytest.raises(OSError, match="mail"):
        await Outbox(tmp_path / "mail").put(MAIL)
