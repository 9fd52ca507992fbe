"""What every new user of the embedded backend is given: a model config that needs no key."""

from uuid import UUID

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.embedded import local_model
from backend_functions.providers.registry import LOCAL

_SQL = queries("embedded")


async def give_local_model(connection: Connection, user_id: UUID) -> None:
    """Insert the default config `local`, in the transaction that creates the user."""
    await connection.execute("set local role service_role")
    await connection.execute(
        _SQL.give_local_model,
        {
            "user_id": user_id,
            "name": LOCAL,
            "provider": LOCAL,
            "model": local_model.NAME,
            "system_prompt": local_model.SYSTEM_PROMPT,
            "temperature": local_model.TEMPERATURE,
            "top_p": local_model.TOP_P,
            "max_tokens": local_model.MAX_TOKENS,
        },
    )
    await connection.execute("set local role supabase_auth_admin")
