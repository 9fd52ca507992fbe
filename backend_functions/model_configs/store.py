"""Writing a config and its key together: both or neither."""

from typing import Any
from uuid import UUID, uuid4

from psycopg import errors as pg
from psycopg import sql

from backend_functions.configured_provider import ConfiguredProviders
from backend_functions.db.pool import Connection, Database
from backend_functions.db.queries import queries
from backend_functions.egress.policy import origin
from backend_functions.errors import Conflict, InvalidRequest, NotFound
from backend_functions.model_configs.body import ConfigChange, NewConfig
from backend_functions.providers.registry import check_model, find_provider
from backend_functions.sealing import KeyBinding
from backend_functions.types import Caller

_SQL = queries("model_configs")
_ANSWERS = "model_configs_default_answers"


class ConfigStore:
    """The configs of whoever is calling."""

    def __init__(self, database: Database, providers: ConfiguredProviders) -> None:
        self._database = database
        self._providers = providers

    async def add(self, caller: Caller, new: NewConfig) -> dict[str, Any]:
        """Store a new config and return its record.

        Raises:
            InvalidRequest: The provider or the address cannot be, or the provider no default.
            Conflict: The caller has a config of this name.
        """
        columns = {"id": uuid4()} | new.columns()
        async with self._database.as_user(caller) as connection:
            await _run(connection, _insert(columns), columns)
            return await self._complete(connection, caller, columns["id"], new)

    async def change(self, caller: Caller, config_id: UUID, change: ConfigChange) -> dict[str, Any]:
        """Change a config and return its record; see `add`.

        Raises:
            NotFound: The caller has no such config.
        """
        columns = change.columns()
        async with self._database.as_user(caller) as connection:
            if columns:
                await _run(connection, _update(columns), columns | {"id": config_id})
            return await self._complete(connection, caller, config_id, change)

    async def _complete(
        self, connection: Connection, caller: Caller, config_id: UUID, change: ConfigChange
    ) -> dict[str, Any]:
        """Check the config as it now stands, and seal the key that came with it."""
        assert caller.user_id is not None
        row = await get_config(connection, caller, config_id)
        provider = find_provider(row["provider"])
        check_model(provider, row["model"])
        base_url = self._providers.address(provider, row["base_url"])
        if "api_key" not in change.model_fields_set:
            return row
        key = change.api_key.get_secret_value() if change.api_key else None
        binding = KeyBinding(caller.user_id, config_id, origin(base_url))
        # In the same transaction, for one statement, with the rights to the column.
        await connection.execute("set local role service_role")
        await connection.execute(
            _SQL.set_sealed_key,
            {
                "config_id": config_id,
                "user_id": caller.user_id,
                "api_key_encrypted": self._providers.sealer.seal(key, binding) if key else None,
                "key_last4": shown_end(key) if key else None,
            },
        )
        return await get_config(connection, caller, config_id)


def shown_end(key: str) -> str | None:
    """Return the end of a key by which its owner knows it; None for one too short to show any."""
    return key[-4:] if len(key) >= 12 else None


async def get_config(connection: Connection, caller: Caller, config_id: UUID) -> dict[str, Any]:
    """Return one of the caller's configs.

    Raises:
        NotFound: The caller has no such config.
    """
    cursor = await connection.execute(
        _SQL.get_config, {"config_id": config_id, "user_id": caller.user_id}
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no such model config.")
    return row


def _insert(columns: dict[str, Any]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(map(sql.Placeholder, columns))
    return sql.SQL("insert into public.model_configs ({}) values ({})").format(names, values)


def _update(columns: dict[str, Any]) -> sql.Composed:
    pairs = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
    )
    return sql.SQL("update public.model_configs set {} where id = %(id)s").format(pairs)


async def _run(connection: Connection, statement: sql.Composed, values: dict[str, Any]) -> None:
    try:
        await connection.execute(statement, values)
    except pg.UniqueViolation as error:
        raise Conflict("There is a model config of this name already.") from error
    except pg.CheckViolation as error:
        if error.diag.constraint_name != _ANSWERS:
            raise
        raise InvalidRequest(
            "A model config for pictures or web search answers nothing, so it is nobody's default."
        ) from error
