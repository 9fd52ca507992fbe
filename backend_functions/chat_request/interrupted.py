"""What is stored of an answer whose server died."""

from typing import Any, Final

from psycopg.types.json import Jsonb

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries

_SQL = queries("chat_request")

INTERRUPTED: Final[dict[str, Any]] = {
    "status": "interrupted",
    "error": {"code": "unavailable", "message": "The server that wrote this answer was stopped."},
}


async def mark_interrupted(database_url: str) -> None:
    """Mark every unfinished answer; only for a server that is the only one, before it serves."""
    database = Database(database_url, max_size=1)
    await database.open()
    try:
        async with database.as_service() as connection:
            await connection.execute(_SQL.mark_interrupted, {"metadata": Jsonb(INTERRUPTED)})
    finally:
        await database.close()
