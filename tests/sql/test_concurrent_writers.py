"""Several clients at once: in one chat, with one user's default config, with one tip."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.stage import Persona, Stage, add_chat, add_config, add_message

pytestmark = pytest.mark.db

CLIENTS = 8


class Clients:
    """Connections that commit, each acting for one user in transactions of its own."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self._url = cluster.url(database, login=SUPERUSER)

    @contextmanager
    def transaction(self, user_id: UUID | None = None) -> Iterator[Persona]:
        with (
            psycopg.connect(self._url, row_factory=dict_row, autocommit=True) as connection,
            connection.transaction(),
        ):
            connection.execute("set local deadlock_timeout = '20ms'")
            yield Stage(connection).signed_in(user_id)

    def sign_up(self) -> UUID:
        with self.transaction() as nobody:
            user_id = Stage(nobody.connection).sign_up().user_id
        assert user_id is not None
        return user_id

    def at_once(self, user_id: UUID, *works: Callable[[Persona], Any]) -> list[str]:
        """Do each work in a transaction, all begun together; return the SQLSTATEs of failures."""
        barrier = Barrier(len(works))

        def do(work: Callable[[Persona], Any]) -> str:
            try:
                with self.transaction(user_id) as persona:
                    barrier.wait(10)
                    work(persona)
            except psycopg.Error as error:
                return error.sqlstate or ""
            return ""

        with ThreadPoolExecutor(len(works)) as pool:
            return [state for state in pool.map(do, works) if state]


@pytest.fixture
def clients(cluster: Cluster, module_database: str) -> Clients:
    return Clients(cluster, module_database)


@pytest.fixture
def ada(clients: Clients) -> UUID:
    return clients.sign_up()


def chain(persona: Persona, chat: UUID) -> list[dict[str, Any]]:
    return persona.run(
        "select id, parent_id, content, created_at from public.messages"
        " where chat_id = %(chat)s order by seq",
        chat=chat,
    )


def test_the_order_of_one_chats_writers_is_the_order_of_its_chain(
    clients: Clients, ada: UUID
) -> None:
    with clients.transaction(ada) as persona:
        chat = add_chat(persona)

    def write_some(persona: Persona) -> None:
        for _ in range(10):
            add_message(persona, chat)

    def write(client: int) -> Callable[[Persona], Any]:
        if client == 0:
            return write_some
        return lambda persona: add_message(persona, chat)

    failures = []
    for _ in range(5):
        failures += clients.at_once(ada, *(write(client) for client in range(CLIENTS)))

    assert failures == []
    with clients.transaction(ada) as persona:
        messages = chain(persona, chat)
        tip = persona.value("select current_message_id from public.chats")
    ids = [row["id"] for row in messages]
    assert len(ids) == 5 * (10 + CLIENTS - 1)
    assert [row["parent_id"] for row in messages] == [None, *ids[:-1]]
    assert tip == ids[-1]
    times = [row["created_at"] for row in messages]
    assert times == sorted(times)


def test_a_reader_never_sees_a_number_appear_below_one_it_has_seen(
    clients: Clients, ada: UUID
) -> None:
    with clients.transaction(ada) as persona:
        chat = add_chat(persona)

    def write(_: int) -> None:
        for _round in range(8):
            with clients.transaction(ada) as persona:
                add_message(persona, chat)

    seen: list[list[int]] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        writers = [pool.submit(write, client) for client in range(CLIENTS)]
        while True:
            is_last = all(writer.done() for writer in writers)
            with clients.transaction(ada) as persona:
                rows = persona.run("select seq from public.messages order by seq")
            seen.append([row["seq"] for row in rows])
            if is_last:
                break
        for writer in writers:
            writer.result()

    assert len(seen[-1]) == CLIENTS * 8
    for before, after in pairwise(seen):
        assert after[: len(before)] == before


def test_of_several_first_configs_made_at_once_one_is_the_default(
    clients: Clients, ada: UUID
) -> None:
    failures = clients.at_once(ada, *[add_config] * CLIENTS)

    assert failures == []
    with clients.transaction(ada) as persona:
        assert persona.count("select from public.model_configs") == CLIENTS
        assert persona.count("select from public.model_configs where is_default") == 1


def test_the_service_and_the_user_may_make_first_configs_at_once(
    clients: Clients, ada: UUID
) -> None:
    def add_as_service(persona: Persona) -> UUID:
        return add_config(Stage(persona.connection).service, user_id=ada)

    failures = clients.at_once(ada, *[add_as_service] * CLIENTS, add_config)

    assert failures == []
    with clients.transaction(ada) as persona:
        assert persona.count("select from public.model_configs where is_default") == 1


def test_several_clients_may_choose_a_default_at_once(clients: Clients, ada: UUID) -> None:
    with clients.transaction(ada) as persona:
        configs = [add_config(persona) for _ in range(CLIENTS)]

    def choose(config: UUID) -> Callable[[Persona], int]:
        return lambda persona: persona.count(
            "update public.model_configs set is_default = true, model = 'x' where id = %(id)s",
            id=config,
        )

    for _ in range(3):
        assert clients.at_once(ada, *map(choose, configs)) == []

        with clients.transaction(ada) as persona:
            assert persona.count("select from public.model_configs where is_default") == 1


def test_nothing_hangs_in_the_air_when_tips_are_deleted_while_others_write(
    clients: Clients, ada: UUID
) -> None:
    with clients.transaction(ada) as persona:
        chat = add_chat(persona)
        for _ in range(10):
            add_message(persona, chat)

    def write(persona: Persona) -> None:
        add_message(persona, chat)

    def delete_tip(persona: Persona) -> None:
        persona.run(
            "delete from public.messages m using public.chats c"
            " where m.id = c.current_message_id and c.id = %(chat)s",
            chat=chat,
        )

    failures = []
    for _ in range(10):
        failures += clients.at_once(ada, write, delete_tip)

    assert failures == []
    with clients.transaction(ada) as persona:
        assert (
            persona.count(
                "select from public.messages m where parent_id is not null and not exists"
                " (select from public.messages p"
                " where p.id = m.parent_id and p.chat_id = m.chat_id)"
            )
            == 0
        )
        assert persona.count("select from public.messages where parent_id is null") == 1
        assert (
            persona.count(
                "select from public.chats c join public.messages m"
                " on m.id = c.current_message_id and m.chat_id = c.id"
            )
            == 1
        )
