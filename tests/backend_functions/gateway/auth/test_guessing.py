import bcrypt
import httpx
import pytest

from backend_functions.db.pool import Database
from backend_functions.gateway.auth.attempts import Attempts
from backend_functions.gateway.auth.failures import AuthRefused
from backend_functions.gateway.auth.parts import Limits
from tests.backend_functions.gateway.auth.conftest import PASSWORD, AuthServer


async def guess(server: AuthServer, address: str, password: str = "") -> httpx.Response:
    body = {"email": "alice@example.com", "password": password}
    return await server.http(address).post("/token?grant_type=password", json=body)


@pytest.mark.db
async def test_a_guesser_is_slowed_and_the_victim_is_not_locked_out(db: Database) -> None:
    server = AuthServer(db, limits=Limits(guesses_here=(3, 60.0)))
    session = await server.sign_up()

    answers = [await guess(server, "127.0.0.66") for _ in range(5)]
    right = await guess(server, "127.0.0.66", PASSWORD)

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert answers[-1].headers["x-sb-error-code"] == "over_request_rate_limit"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert right.status_code == 429
    assert (await guess(server, "127.0.0.1", PASSWORD)).status_code == 200
    assert (await server.refresh(session["refresh_token"])).status_code == 200


@pytest.mark.db
async def test_guesses_from_many_addresses_count_together(db: Database) -> None:
    server = AuthServer(db, limits=Limits(guesses_per_account=(3, 60.0)))
    await server.sign_up()

    answers = [await guess(server, f"127.0.1.{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]


@pytest.mark.db
async def test_one_address_cannot_try_one_password_on_everybody(db: Database) -> None:
    server = AuthServer(db, limits=Limits(guesses_per_address=(3, 60.0)))
    statuses = []

    for number in range(4):
        body = {"email": f"user{number}@example.com", "password": PASSWORD}
        statuses.append((await server.post("/token?grant_type=password", body)).status_code)

    assert statuses == [400, 400, 400, 429]


@pytest.mark.db
async def test_right_passwords_are_not_counted(db: Database) -> None:
    server = AuthServer(db, limits=Limits((3, 60.0), (3, 60.0), (3, 60.0)))
    await server.sign_up()

    answers = [await guess(server, "127.0.0.1", PASSWORD) for _ in range(6)]

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.db
async def test_a_forwarding_header_does_not_make_another_address(db: Database) -> None:
    server = AuthServer(db, limits=Limits(guesses_here=(1, 60.0)))
    await guess(server, "127.0.0.1")
    http = server.http("127.0.0.1", **{"X-Forwarded-For": "8.8.8.8", "X-Real-IP": "8.8.8.8"})

    body = {"email": "Alice@Example.com", "password": "wrong"}
    answer = await http.post("/token?grant_type=password", json=body)

    assert answer.status_code == 429


@pytest.mark.db
async def test_a_stolen_session_cannot_be_used_to_guess_the_password(db: Database) -> None:
    server = AuthServer(db, limits=Limits(guesses_here=(3, 60.0)))
    session = await server.sign_up()
    http = server.http(Authorization=f"Bearer {session['access_token']}")

    statuses = []
    for _ in range(4):
        changes = {"current_password": "a wrong one", "password": "a new password"}
        statuses.append((await http.put("/user", json=changes)).status_code)

    assert statuses == [400, 400, 400, 429]


@pytest.mark.db
async def test_unknown_and_known_addresses_look_and_cost_the_same(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = AuthServer(db, limits=Limits((1000, 60.0), (1000, 60.0), (1000, 60.0)))
    await server.sign_up("known@example.com")
    http, answers, checked = server.http(), set(), []
    real = bcrypt.checkpw

    def check(password: bytes, hashed: bytes) -> bool:
        checked.append((password, hashed[:7]))  # which bcrypt, and its cost
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", check)
    for name in ("known", "unknown"):
        body = {"email": f"{name}@example.com", "password": "wrong password"}
        answer = await http.post("/token?grant_type=password", json=body)
        answers.add((answer.status_code, answer.content, str(answer.headers)))

    assert len(answers) == 1
    assert len(checked) == 2
    assert len(set(checked)) == 1


@pytest.mark.db
async def test_another_spelling_of_an_address_is_no_other_account_to_guess_at(
    db: Database,
) -> None:
    """PostgreSQL makes an i of the dotted capital İ, Python makes two characters of it."""
    server = AuthServer(db, limits=Limits(guesses_here=(1, 60.0)))
    await server.sign_up("alice@example.com")
    await guess(server, "127.0.0.1")

    spellings = ["ALICE@example.com", "alİce@example.com"]
    bodies = [{"email": email, "password": PASSWORD} for email in spellings]
    answers = [await server.post("/token?grant_type=password", body) for body in bodies]

    assert [answer.status_code for answer in answers] == [429, 400]


def test_whoever_waits_may_try_again() -> None:
    now = [0.0]
    attempts = Attempts(at_most=2, window_seconds=60, clock=lambda: now[0])
    attempts.count("alice")
    now[0] = 30
    attempts.count("alice")
    for _ in range(100):
        with pytest.raises(AuthRefused) as refused:
            attempts.count("alice")
    assert refused.value.headers == {"Retry-After": "30"}

    now[0] = 60

    attempts.count("alice")


def test_counters_do_not_grow_without_end() -> None:
    attempts = Attempts(at_most=2, window_seconds=60, max_names=10)

    for number in range(1000):
        attempts.count(str(number))

    assert len(attempts._made_at) == 10
