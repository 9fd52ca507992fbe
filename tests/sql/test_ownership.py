from psycopg import AsyncConnection

from backend_functions.db.pool import Database
from tests.conftest import make_user


async def test_a_user_sees_only_their_own_chats(
    db: Database, owner_connection: AsyncConnection[tuple[object, ...]]
) -> None:
    alice = await make_user(owner_connection, "alice@example.com")
    bob = await make_user(owner_connection, "bob@example.com")

    async with db.as_user(alice) as connection:
        await connection.execute("insert into public.chats (title) values ('hers')")

    async with db.as_user(alice) as connection:
        assert (await (await connection.execute("select title from public.chats")).fetchall()) == [
            {"title": "hers"}
        ]
    async with db.as_user(bob) as connection:
        assert (await (await connection.execute("select title from public.chats")).fetchall()) == []
