from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from supabase import Client, create_client

from tests.support.home import Home

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@contextmanager
def client(env: dict[str, str], key: str = "SUPABASE_ANON_KEY") -> Iterator[Client]:
    made = create_client(env["SUPABASE_URL"], env[key])
    try:
        yield made
    finally:
        made.postgrest.session.close()
        made.auth.close()


@pytest.fixture
def env(home: Home) -> dict[str, str]:
    lines = home.run("backend", "env").text.splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_supabase_py_signs_in_and_sees_what_its_user_may_see(
    home: Home, env: dict[str, str], add_model: Callable[[str], str]
) -> None:
    asked = home.run("ask", "-m", add_model("any"), "For supabase-py")
    assert asked.code == 0, asked.err
    with client(env) as owner:
        owner.auth.sign_in_with_password(
            {"email": env["POCKETLLM_EMAIL"], "password": env["POCKETLLM_PASSWORD"]}
        )
        chats: Any = owner.table("chats").select("*").eq("title", "For supabase-py").execute().data
        messages: Any = (
            (owner.table("messages").select("*").eq("chat_id", chats[0]["id"]).order("seq"))
            .execute()
            .data
        )

        assert [row["role"] for row in messages] == ["user", "assistant"]

    with client(env) as stranger:
        stranger.auth.sign_up(
            {"email": "stranger@example.com", "password": "correct horse battery"}
        )

        assert stranger.table("chats").select("*").execute().data == []
        assert stranger.table("messages").select("*").execute().data == []

    with client(env, "SUPABASE_SERVICE_ROLE_KEY") as service:
        assert len(service.table("chats").select("id").execute().data) >= 1


def test_a_search_finds_what_was_said_to_those_who_said_it(
    home: Home, env: dict[str, str], add_model: Callable[[str], str]
) -> None:
    asked = home.run("ask", "-m", add_model("any"), "Do zebrafish sleep?")
    assert asked.code == 0, asked.err
    with client(env) as owner:
        owner.auth.sign_in_with_password(
            {"email": env["POCKETLLM_EMAIL"], "password": env["POCKETLLM_PASSWORD"]}
        )
        found: Any = owner.rpc("search_messages", {"query": "zebraf"}).execute().data
        after = {"query": "zebraf", "max_results": 1, "after_id": found[0]["id"]}

        assert {row["role"] for row in found} == {None, "user"}
        assert all("\x02zebrafish\x03" in row["snippet"] for row in found)
        assert owner.rpc("search_messages", after).execute().data == found[1:2]
    with client(env) as stranger:
        stranger.auth.sign_up(
            {"email": "searcher@example.com", "password": "correct horse battery"}
        )

        assert stranger.rpc("search_messages", {"query": "zebraf"}).execute().data == []


def test_the_env_lines_hold_nothing_but_names_and_values(env: dict[str, str]) -> None:
    assert set(env) == {
        "SUPABASE_URL",
        "SUPABASE_ANON_KEY",
        "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_DB_URL",
        "POCKETLLM_EMAIL",
        "POCKETLLM_PASSWORD",
    }
