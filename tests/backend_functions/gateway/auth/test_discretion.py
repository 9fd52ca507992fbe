"""What strangers must not learn: who has an account, and which code is right."""

from asyncio import get_running_loop

import httpx
import pytest

from backend_functions.db.pool import Database
from backend_functions.gateway.auth.parts import Limits
from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer

pytestmark = pytest.mark.db

ALICE = "alice@example.com"


def shown(answer: httpx.Response) -> tuple[int, bytes, str]:
    return answer.status_code, answer.content, answer.headers.get("x-sb-error-code", "")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/recover", {}), ("/resend", {"type": "signup"}), ("/resend", {"type": "email_change"})],
)
async def test_nobody_learns_by_asking_for_mail_whether_there_is_an_account(
    db: Database, path: str, body: dict[str, str]
) -> None:
    server = AuthServer(db, limits=Limits(mail_answer_seconds=0.0))
    await server.sign_up()
    answers = {
        email: [shown(await server.post(path, {"email": email, **body})) for _ in range(2)]
        for email in (ALICE, "nobody@example.com")
    }

    known, unknown = answers.values()
    assert known == unknown
    assert [status for status, *_ in known] == [200, 429]
    assert known[1][2] == "over_email_send_rate_limit"


async def test_a_sign_up_with_somebodys_address_looks_like_any_other(strict: AuthServer) -> None:
    await strict.service().create_user(
        {"email": ALICE, "password": PASSWORD, "email_confirm": True}
    )
    body = {"password": PASSWORD, "data": {"name": "A"}}

    taken = (await strict.post("/signup", {"email": ALICE, **body})).json()
    free = (await strict.post("/signup", {"email": "free@example.com", **body})).json()

    assert taken.keys() == free.keys()
    assert taken["user_metadata"] == free["user_metadata"]
    assert taken["identities"] == []  # as the service this stands for does
    assert [mail.to for mail in strict.mails] == ["free@example.com"]


async def test_codes_cannot_be_guessed_and_the_link_still_works(db: Database) -> None:
    server = AuthServer(db, limits=Limits(codes_here=(3, 60.0), codes_per_account=(5, 60.0)))
    await server.post("/otp", {"email": ALICE})
    (mail,) = server.mails
    statuses = []

    for number in range(8):
        address = f"127.0.2.{number // 4}"
        body = {"email": ALICE, "token": f"{number}", "type": "email"}
        statuses.append((await server.http(address).post("/verify", json=body)).status_code)

    assert statuses == [403, 403, 403, 429, 403, 403, 429, 429]
    assert "access_token" in (await server.follow(str(mail.link))).fragment


async def test_one_caller_cannot_have_mails_sent_to_everybody(db: Database) -> None:
    server = AuthServer(db, limits=Limits(mails_per_address=(2, 60.0), mail_answer_seconds=0.0))
    answers = [
        await server.post("/otp", {"email": f"user{number}@example.com"}) for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["x-sb-error-code"] == "over_email_send_rate_limit"
    assert int(answers[2].headers["retry-after"]) >= 1


async def test_a_mail_to_nobody_takes_as_long_as_one_to_somebody(db: Database) -> None:
    """Known addresses cost a few writes: both answers wait until those would be done."""
    server = AuthServer(db, limits=Limits(mail_answer_seconds=0.2))

    began = get_running_loop().time()
    await server.post("/recover", {"email": "nobody@example.com"})

    assert get_running_loop().time() - began >= 0.2
