import pytest
from psycopg import AsyncConnection

from backend_functions.gateway.auth.pruning import Pruning
from tests.backend_functions.gateway.auth.conftest import AuthServer

Owner = AsyncConnection[tuple[object, ...]]
COUNTS = (
    "select (select count(*) from auth.refresh_tokens), (select count(*) from auth.sessions),"
    " (select count(*) from auth.one_time_tokens), (select count(*) from auth.flow_state)"
)
AGE = """
update auth.sessions s set not_after = now() - interval '31 days'
from auth.users u where u.id = s.user_id and u.email like 'ended@%';
update auth.refresh_tokens set revoked_at = revoked_at - interval '31 days';
update auth.one_time_tokens set created_at = now() - interval '25 h';
update auth.flow_state set created_at = now() - interval '25 h';
"""


@pytest.mark.db
async def test_what_is_of_no_use_any_more_is_removed_and_nothing_else(
    patient: AuthServer, owner_connection: Owner
) -> None:
    challenge = {"code_challenge": "c" * 43, "code_challenge_method": "plain"}
    first = await patient.sign_up()
    await patient.sign_up("ended@example.com")
    await patient.post("/otp", {"email": "alice@example.com", **challenge})
    kept = (await patient.refresh(first["refresh_token"])).json()
    await owner_connection.execute(AGE)
    patient.prune_after_every_answer()

    assert await patient.is_let_in(kept)

    cursor = await owner_connection.execute(COUNTS)
    assert await cursor.fetchone() == (1, 1, 0, 0)
    assert (await patient.refresh(kept["refresh_token"])).status_code == 200


def test_of_many_answers_one_in_a_while_prunes() -> None:
    now = [0.0]
    pruning = Pruning(every_seconds=10, clock=lambda: now[0])
    due = []

    for now[0] in (0, 9, 10, 11, 19, 20):
        due.append(pruning.is_due())

    assert due == [False, False, True, False, False, True]
