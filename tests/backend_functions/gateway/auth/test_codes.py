"""Signing in, recovering and changing an address by mail, with the unmodified client."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from psycopg import AsyncConnection
from supabase_auth.errors import AuthApiError

from tests.backend_functions.gateway.auth.conftest import PASSWORD, SITE, AuthServer

pytestmark = pytest.mark.db

ALICE = "alice@example.com"
Owner = AsyncConnection[tuple[object, ...]]


def fragment(url: httpx.URL) -> dict[str, str]:
    return dict(httpx.QueryParams(url.fragment))


async def test_a_new_address_becomes_a_user_by_typing_the_code(patient: AuthServer) -> None:
    client = patient.client()
    await client.sign_in_with_otp({"email": "Alice@Example.com"})
    (mail,) = patient.mails
    assert mail.to == ALICE

    answer = await client.verify_otp({"email": ALICE, "token": mail.code, "type": "email"})

    assert answer.session is not None
    assert answer.user is not None
    assert answer.user.email_confirmed_at is not None
    caller = await patient.verifier.verify(answer.session.access_token)
    assert caller.claims["amr"][0]["method"] == "otp"


async def test_no_code_makes_a_user_when_the_client_wants_none_made(patient: AuthServer) -> None:
    client = patient.client()

    with pytest.raises(AuthApiError) as refused:
        await client.sign_in_with_otp({"email": ALICE, "options": {"should_create_user": False}})

    assert (refused.value.status, refused.value.code) == (422, "otp_disabled")
    assert patient.mails == []


async def test_a_link_signs_in_once_and_then_says_why_not(patient: AuthServer) -> None:
    await patient.post("/magiclink", {"email": ALICE})
    link = str(patient.mails[0].link)

    first, second = await patient.follow(link), await patient.follow(link)

    told = fragment(first)
    assert str(first).startswith(f"{SITE}#")
    assert told["token_type"] == "bearer"
    assert told["type"] == "magiclink"
    assert await patient.is_let_in(told)
    assert (await patient.refresh(told["refresh_token"])).status_code == 200
    assert fragment(second)["error_code"] == "otp_expired"
    assert "access_token" not in str(second)


async def test_a_link_leads_to_a_code_that_only_its_own_client_can_use(
    patient: AuthServer,
) -> None:
    client, thief = patient.client(flow_type="pkce"), patient.client()
    redirect = {"email_redirect_to": "http://127.0.0.1:7777/callback?a=1"}
    await client.sign_in_with_otp({"email": ALICE, "options": redirect})  # type: ignore[typeddict-item]

    target = await patient.follow(str(patient.mails[0].link))

    code = target.params["code"]
    assert str(target).startswith("http://127.0.0.1:7777/callback?a=1&code=")
    assert not target.fragment
    session = (await client.exchange_code_for_session({"auth_code": code})).session
    assert session is not None
    assert session.user.email == ALICE
    with pytest.raises(AuthApiError) as spent:
        await thief.exchange_code_for_session(
            {"auth_code": code, "code_verifier": "v" * 43, "redirect_to": ""}
        )
    assert (spent.value.status, spent.value.code) == (404, "flow_state_not_found")


async def test_a_code_is_spent_by_a_wrong_verifier(patient: AuthServer) -> None:
    challenge = {"code_challenge": "c" * 43, "code_challenge_method": "plain"}
    await patient.post("/otp", {"email": ALICE, **challenge})
    code = (await patient.follow(str(patient.mails[0].link))).params["code"]
    codes = []

    for verifier in ("d" * 43, "c" * 43):
        body = {"auth_code": code, "code_verifier": verifier}
        answer = await patient.post("/token?grant_type=pkce", body)
        codes.append((answer.status_code, answer.headers["x-sb-error-code"]))

    assert codes == [(400, "bad_code_verifier"), (404, "flow_state_not_found")]


async def test_a_code_is_good_for_five_minutes(
    patient: AuthServer, owner_connection: Owner
) -> None:
    challenge = {"code_challenge": "c" * 43, "code_challenge_method": "plain"}
    await patient.post("/otp", {"email": ALICE, **challenge})
    code = (await patient.follow(str(patient.mails[0].link))).params["code"]
    await owner_connection.execute(
        "update auth.flow_state set auth_code_issued_at = now() - interval '301 seconds'"
    )

    body = {"auth_code": code, "code_verifier": "c" * 43}
    answer = await patient.post("/token?grant_type=pkce", body)

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (422, "flow_state_expired")


@pytest.mark.parametrize(
    "challenge",
    [
        {"code_challenge": "c" * 43},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short", "code_challenge_method": "s256"},
        {"code_challenge": "c" * 43, "code_challenge_method": "md5"},
    ],
)
async def test_half_a_challenge_begins_nothing(
    closed_server: AuthServer, challenge: dict[str, str]
) -> None:
    for path in ("/otp", "/recover"):
        answer = await closed_server.post(path, {"email": ALICE, **challenge})

        assert (answer.status_code, answer.headers["x-sb-error-code"]) == (400, "validation_failed")


async def test_a_forgotten_password_is_replaced(patient: AuthServer) -> None:
    await patient.sign_up()
    client = patient.client()
    await client.reset_password_for_email(ALICE)
    await client.verify_otp({"email": ALICE, "token": patient.mails[0].code, "type": "recovery"})

    await client.update_user({"password": "a new password"})

    await client.sign_in_with_password({"email": ALICE, "password": "a new password"})
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})


async def test_where_mails_must_be_answered_nobody_is_in_before(strict: AuthServer) -> None:
    client = strict.client()
    signed_up = await client.sign_up({"email": ALICE, "password": PASSWORD})
    assert signed_up.session is None
    assert signed_up.user is not None
    assert signed_up.user.email_confirmed_at is None
    with pytest.raises(AuthApiError) as refused:
        await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})
    assert refused.value.code == "email_not_confirmed"

    await client.resend({"type": "signup", "email": ALICE})
    old, new = strict.mails
    with pytest.raises(AuthApiError) as replaced:
        await client.verify_otp({"email": ALICE, "token": old.code, "type": "signup"})
    answer = await client.verify_otp({"email": ALICE, "token": new.code, "type": "signup"})

    assert replaced.value.code == "otp_expired"
    assert answer.user is not None
    assert answer.user.id == signed_up.user.id
    assert answer.user.identities is not None
    assert answer.user.identities[0].identity_data["email_verified"] is True
    await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})


async def test_a_new_address_counts_when_its_mail_was_answered(patient: AuthServer) -> None:
    client = patient.client()
    await client.sign_up({"email": ALICE, "password": PASSWORD})
    changed = await client.update_user({"email": "new@example.com"})
    assert (changed.user.email, changed.user.new_email) == (ALICE, "new@example.com")
    (mail,) = patient.mails

    answer = await client.verify_otp(
        {"email": "new@example.com", "token": mail.code, "type": "email_change"}
    )

    assert answer.user is not None
    assert (answer.user.email, answer.user.new_email) == ("new@example.com", None)
    await client.sign_in_with_password({"email": "new@example.com", "password": PASSWORD})


async def test_where_mails_must_be_answered_both_addresses_have_to_agree(
    strict: AuthServer, owner_connection: Owner
) -> None:
    await strict.service().create_user(
        {"email": ALICE, "password": PASSWORD, "email_confirm": True}
    )
    client = strict.client()
    await client.sign_in_with_password({"email": ALICE, "password": PASSWORD})
    await client.update_user({"email": "new@example.com"})
    sent = {mail.to: mail for mail in strict.mails}
    assert sent.keys() == {ALICE, "new@example.com"}

    body = {"email": ALICE, "token": sent[ALICE].code, "type": "email_change"}
    half = await strict.post("/verify", body)
    whole = await strict.follow(str(sent["new@example.com"].link))

    assert half.json()["code"] == "200"
    assert "other email" in half.json()["msg"]
    assert await strict.is_let_in(fragment(whole))
    cursor = await owner_connection.execute("select email, email_change from auth.users")
    assert await cursor.fetchall() == [("new@example.com", None)]


async def test_an_address_that_is_taken_cannot_be_changed_to(patient: AuthServer) -> None:
    await patient.sign_up("bob@example.com")
    session = await patient.sign_up()
    http = patient.http(Authorization=f"Bearer {session['access_token']}")

    answer = await http.put("/user", json={"email": "Bob@example.com"})

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (422, "email_exists")
    assert patient.mails == []


async def test_codes_that_show_it_is_still_you_cannot_be_guessed(
    strict: AuthServer, owner_connection: Owner
) -> None:
    settings = replace(strict.settings, confirms_at_once=True, needs_fresh_sign_in=True)
    limits = replace(strict.limits, guesses_here=(4, 60.0))
    server = AuthServer(strict.database, limits=limits, settings=settings)
    session = await server.sign_up()
    await owner_connection.execute("update auth.sessions set created_at = now() - interval '25 h'")
    http = server.http(Authorization=f"Bearer {session['access_token']}")
    statuses = []

    for nonce in ("1", "2", None, "3", None, "4", "5"):  # attempts without one reset nothing
        body = {"password": "another password", **({"nonce": nonce} if nonce else {})}
        statuses.append((await http.put("/user", json=body)).status_code)

    assert statuses == [422, 422, 400, 422, 400, 422, 429]


async def test_an_old_session_needs_a_mailed_code_to_change_the_password(
    strict: AuthServer, owner_connection: Owner
) -> None:
    settings = replace(strict.settings, confirms_at_once=True, needs_fresh_sign_in=True)
    server = AuthServer(strict.database, limits=strict.limits, settings=settings)
    client = server.client()
    await client.sign_up({"email": ALICE, "password": PASSWORD})
    await owner_connection.execute("update auth.sessions set created_at = now() - interval '25 h'")

    with pytest.raises(AuthApiError) as needed:
        await client.update_user({"password": "another password"})
    await client.reauthenticate()
    with pytest.raises(AuthApiError) as wrong:
        await client.update_user({"password": "another password", "nonce": "x"})
    nonce = server.mails[0].code
    await client.update_user({"password": "another password", "nonce": nonce})

    assert needed.value.code == "reauthentication_needed"
    assert wrong.value.code == "reauthentication_not_valid"
    await client.sign_in_with_password({"email": ALICE, "password": "another password"})


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update auth.one_time_tokens set created_at = now() - interval '61 min'", "otp_expired"),
        ("update auth.users set banned_until = now() + interval '1 h'", "user_banned"),
        ("update auth.users set deleted_at = now()", "otp_expired"),
    ],
)
async def test_a_code_that_is_too_old_or_a_banned_users_opens_nothing(
    patient: AuthServer, owner_connection: Owner, statement: str, code: str
) -> None:
    await patient.sign_up()
    await patient.post("/otp", {"email": ALICE})
    (mail,) = patient.mails
    await owner_connection.execute(statement)

    typed = await patient.post("/verify", {"email": ALICE, "token": mail.code, "type": "email"})
    followed = await patient.follow(str(mail.link))

    assert (typed.status_code, typed.headers["x-sb-error-code"]) == (403, code)
    assert fragment(followed)["error_code"] == code


async def test_what_was_mailed_before_is_void_after_a_new_password_or_address(
    patient: AuthServer,
) -> None:
    session = await patient.sign_up()
    user_id = session["user"]["id"]
    statuses = []

    for changes in ({"password": "another password"}, {"email": "new@example.com"}):
        await patient.post("/recover", {"email": ALICE})
        await patient.service().update_user_by_id(user_id, changes)  # type: ignore[arg-type]
        body = {"email": ALICE, "token": patient.mails[-1].code, "type": "recovery"}
        typed = await patient.post("/verify", body)
        followed = await patient.follow(str(patient.mails[-1].link))
        statuses.append((typed.status_code, fragment(followed)["error_code"]))

    assert statuses == [(403, "otp_expired")] * 2


async def test_a_code_for_one_thing_does_another_thing_not(patient: AuthServer) -> None:
    await patient.sign_up()
    await patient.post("/recover", {"email": ALICE})
    code = patient.mails[0].code
    answers = []

    for kind in ("signup", "invite", "email_change"):
        body = {"email": ALICE, "token": code, "type": kind}
        answers.append((await patient.post("/verify", body)).status_code)
    other = {"email": "bob@example.com", "token": code, "type": "recovery"}

    assert answers == [403, 403, 403]
    assert (await patient.post("/verify", other)).status_code == 403


async def test_no_code_and_no_link_is_stored_readably(
    patient: AuthServer, owner_connection: Owner
) -> None:
    challenge = {"code_challenge": "c" * 43, "code_challenge_method": "plain"}
    await patient.post("/otp", {"email": ALICE, **challenge})
    (mail,) = patient.mails
    token = httpx.URL(str(mail.link)).params["token"]
    stored = ""
    for table in ("users", "one_time_tokens", "flow_state"):
        cursor = await owner_connection.execute(f"select t::text from auth.{table} t")  # noqa: S608
        stored += str(await cursor.fetchall())

    for secret in (mail.code, token, token.encode().hex()):
        assert secret not in stored
    assert mail.code not in repr(mail)
    assert token not in repr(mail)


async def test_a_mail_that_cannot_be_kept_leaves_no_user(
    patient: AuthServer, owner_connection: Owner
) -> None:
    async def fail(mail: Any) -> None:
        raise OSError(28, "No space left on device")

    patient.keep_mail = fail  # type: ignore[method-assign]
    patient.__post_init__()

    answer = await patient.post("/otp", {"email": ALICE})

    assert (answer.status_code, answer.headers["x-sb-error-code"]) == (500, "unexpected_failure")
    cursor = await owner_connection.execute("select count(*) from auth.users")
    assert await cursor.fetchone() == (0,)
