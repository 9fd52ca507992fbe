"""Answers that a server left behind when it died."""

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries

_SQL = queries("chat_request")


async def mark_interrupted(database_url: str) -> None:
    """Mark every unfinished answer; only for a server that is the only one, before it serves."""
    database = Database(database_url, max_size=1)
    await database.open()
    try:
        async with database.as_service() as connection:
            await connection.execute(_SQL.mark_interrupted)
    finally:
        await database.close()
