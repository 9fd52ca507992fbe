"""Model configs: read as rows, written through the functions, which alone see a key."""

from collections.abc import Mapping
from typing import Any, Final

from pocketllm_cli.api.tables import Table
from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import ModelNotFound
from pocketllm_cli.models import CatalogModel, ModelConfig, ModelTest, Provider

_TEST_SECONDS: Final = 120.0


class ModelConfigs:
    """The model configs of the person who is signed in."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._key_ends = Table(wire, "model_configs", "id,key_last4")
        self._rows = Table(wire, "model_configs", ",".join(ModelConfig.__slots__))

    async def all(self) -> list[ModelConfig]:
        """Return all of them by name."""
        return [ModelConfig.from_row(row) for row in await self._rows.select(order="name.asc")]

    async def key_ends(self) -> dict[str, str]:
        """Return the last four characters of each key that is stored, by its config's id."""
        rows = await self._key_ends.select([("key_last4", "not.is.null")])
        return {row["id"]: str(row["key_last4"]) for row in rows}

    async def providers(self) -> list[Provider]:
        """Return the providers that the backend can ask, in its order."""
        answer = await self._wire.ask(Call("functions", "GET", "model-configs/providers"))
        return [Provider.from_row(row) for row in answer["providers"]]

    async def find(self, name: str) -> ModelConfig:
        """Return the one of this name.

        Raises:
            ModelNotFound: There is none.
        """
        rows = await self._rows.select([("name", f"eq.{name}")], limit=1)
        if not rows:
            raise ModelNotFound(f"There is no model config “{name}”.")
        return ModelConfig.from_row(rows[0])

    async def picture_model(self, name: str | None) -> str | None:
        """Return what names this model in a wish for a picture: the id of the config that is
        called so, else the name as it is."""
        found = await self._rows.select([("name", f"eq.{name}")], limit=1) if name else []
        return str(found[0]["id"]) if found else name

    async def add(self, fields: Mapping[str, Any]) -> ModelConfig:
        """Store a new one and return it.

        Raises:
            Conflict: The name is taken.
            InvalidRequest: A value cannot be.
        """
        return ModelConfig.from_row(
            await self._wire.ask(Call("functions", "POST", "model-configs", body=fields))
        )

    async def edit(self, config: ModelConfig, changes: Mapping[str, Any]) -> ModelConfig:
        """Change what is given and return the whole."""
        path = f"model-configs/{config.id}"
        return ModelConfig.from_row(
            await self._wire.ask(Call("functions", "PATCH", path, body=changes))
        )

    async def remove(self, config: ModelConfig) -> None:
        """Delete it; chats that used it keep their messages."""
        await self._rows.delete([("id", f"eq.{config.id}")])

    async def test(self, config: ModelConfig) -> ModelTest:
        """Ask it something short.

        Raises:
            ProviderFailed: What the provider said, by kind.
        """
        path = f"model-configs/{config.id}/test"
        call = Call("functions", "POST", path, silence_seconds=_TEST_SECONDS)
        return ModelTest.from_row(await self._wire.ask(call))

    async def catalog(self, config: ModelConfig) -> list[CatalogModel]:
        """Return the models that its provider offers for its key, by id."""
        path = f"model-configs/{config.id}/catalog"
        call = Call("functions", "POST", path, body={}, silence_seconds=_TEST_SECONDS)
        answer = await self._wire.ask(call)
        return [CatalogModel.from_row(row) for row in answer["models"]]
