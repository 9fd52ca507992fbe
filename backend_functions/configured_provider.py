"""A model config made callable: its address checked, its key opened, its adapter chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.egress import EgressPolicy, origin
from backend_functions.errors import NotConfigured
from backend_functions.providers.base import ChatProvider, ChatRequest, ChatTurn
from backend_functions.providers.registry import (
    Provider,
    find_provider,
    open_provider,
    resolve_base_url,
)
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import LocalModel

_SQL = queries("model_configs")


@dataclass(frozen=True, slots=True)
class ConfiguredProviders:
    """Opens the provider of any model config."""

    http: httpx.AsyncClient
    database: Database
    sealer: KeySealer
    policy: EgressPolicy
    local_model: LocalModel | None

    def address(self, provider: Provider, base_url: str | None) -> httpx.URL:
        """Return where a config's requests go; see `resolve_base_url`."""
        return resolve_base_url(provider, base_url, self.policy, self.local_model)

    async def open(self, user_id: UUID, config: Mapping[str, Any]) -> ChatProvider:
        """Return the adapter for a user's config.

        Args:
            user_id: Whose config it is.
            config: Its row, with `config_id`, `provider`, `base_url`.

        Raises:
            InvalidRequest, NotConfigured: The config cannot be called as it stands.
        """
        provider = find_provider(config["provider"])
        base_url = self.address(provider, config["base_url"])
        if provider.key == "none":
            assert self.local_model is not None
            return open_provider(provider, self.http, base_url, self.local_model.api_key)
        key = await self._open_key(provider, base_url, user_id, config["config_id"])
        return open_provider(provider, self.http, base_url, key)

    async def _open_key(
        self, provider: Provider, base_url: httpx.URL, user_id: UUID, config_id: UUID
    ) -> str | None:
        """There is no fallback: a key of the server's own never goes out in a user's name."""
        async with self.database.as_service() as connection:
            cursor = await connection.execute(
                _SQL.get_sealed_key, {"config_id": config_id, "user_id": user_id}
            )
            row = await cursor.fetchone()
        envelope = row["api_key_encrypted"] if row else None
        if envelope is not None:
            return self.sealer.open(envelope, KeyBinding(user_id, config_id, origin(base_url)))
        if provider.key == "required":
            raise NotConfigured("This model config has no key.")
        return None


def build_request(config: Mapping[str, Any], turns: tuple[ChatTurn, ...]) -> ChatRequest:
    """Return the request that asks a config's model with the config's settings."""
    return ChatRequest(
        model=config["model"],
        turns=turns,
        temperature=_rounded(config["temperature"]),
        max_tokens=config["max_tokens"],
        top_p=_rounded(config["top_p"]),
        frequency_penalty=_rounded(config["frequency_penalty"]),
        presence_penalty=_rounded(config["presence_penalty"]),
    )


def _rounded(value: float | None) -> float | None:
    """The columns are `real`: 0.7 comes back as 0.699999988079071."""
    return None if value is None else round(value, 6)
