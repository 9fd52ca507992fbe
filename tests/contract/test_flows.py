"""What PocketLLM does, a script with an unmodified supabase-js or supabase-py can do as well."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_functions.embedded.ports import free_port
from tests.conftest import Cluster
from tests.contract.flow_runs import CLIENTS, Steps, go_through
from tests.contract.gateway import parser, running_gateway
from tests.sql.databases import new_database

pytestmark = [pytest.mark.db, pytest.mark.xdist_group("flows")]


async def _go(cluster: Cluster, database: str, folder: Path, client: str) -> Steps:
    asked = parser().parse_args(["--api-port", str(free_port())])
    async with running_gateway(cluster, database, folder, asked) as given:
        return await go_through(client, given)


@pytest.fixture(scope="module", params=CLIENTS)
def steps(
    cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Steps]:
    """Go through all flows once with a client; gives what each step saw."""
    folder = tmp_path_factory.mktemp("gateway")
    with new_database(cluster) as database:
        yield asyncio.run(_go(cluster, database, folder, request.param))


def test_a_script_signs_up_and_in_and_refreshes_its_session(steps: Steps) -> None:
    email = steps["sign up"]["email"]

    assert email.endswith("@example.com")
    assert steps["sign in"] == {"email": email, "type": "bearer"}
    assert steps["refresh"] == {"is_new": True, "is_same_user": True}


def test_a_script_changes_its_user(steps: Steps) -> None:
    assert steps["update user"]["metadata"]["theme"] == "dark"


def test_a_code_from_a_mail_sets_a_new_password(steps: Steps) -> None:
    assert steps["recover"] == {"old_password": "invalid_credentials"}


def test_a_script_changes_its_own_profile(steps: Steps) -> None:
    assert steps["profile"] == {"is_own": True, "full_name": "Ada"}


def test_a_model_config_shows_everything_but_its_key(steps: Steps) -> None:
    config = {"name": "mine", "provider": "openai-compatible", "model": "any", "is_default": True}

    assert steps["model config"] == {"shown": config, "key": "42501"}


def test_a_chat_comes_with_its_messages_in_one_request(steps: Steps) -> None:
    messages = [
        {"role": "user", "content": "Do zebrafish sleep?"},
        {"role": "assistant", "content": "They do."},
    ]

    assert steps["chat"] == {"shown": {"title": "Zebras", "messages": messages}}


def test_a_new_message_is_told_to_who_follows_the_chat(steps: Steps) -> None:
    assert steps["change"] == {"event": "INSERT", "content": "Hear"}


def test_a_broadcast_reaches_its_channel(steps: Steps) -> None:
    assert steps["broadcast"] == {"event": "typing", "payload": {"chat": 1}}


def test_a_question_is_answered_and_the_answer_kept(steps: Steps) -> None:
    content = "word0 word1 word2 "

    assert steps["ask"] == {
        "role": "assistant",
        "status": "complete",
        "is_stored": True,
        "content": content,
    }


def test_a_search_finds_what_was_said(steps: Steps) -> None:
    assert steps["search"]["is_here"]
    assert "\x02zebrafish\x03" in steps["search"]["snippet"]


def test_a_chat_is_forked_deleted_and_restored(steps: Steps) -> None:
    assert steps["fork"] == {"title": "Fork", "message_count": 5}
    assert steps["delete"] == {"is_fork": True, "left": [{"title": "Zebras"}]}
    assert steps["restore"] == {"titles": ["Fork"]}


def test_a_file_is_kept_for_its_owner_alone(steps: Steps) -> None:
    signed = {"content": "striped", "type": "text/plain"}

    assert steps["file"]["names"] == ["notes.txt"]
    assert steps["file"]["content"] == "striped"
    assert steps["file"]["signed"] == signed
    assert steps["file"]["left"] == 0
    assert "row-level security" in steps["file of somebody else"]["message"]


def test_a_question_takes_a_file_along(steps: Steps) -> None:
    assert steps["ask about a file"] == {"status": "complete"}
    assert "striped" in steps["provider"]["last_request"]


def test_nothing_is_left_of_a_session_that_signed_out(steps: Steps) -> None:
    assert steps["sign out"] == {"refresh": "refresh_token_not_found", "chats": "42501"}
