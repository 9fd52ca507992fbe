"""A model config made callable: its address checked, its key opened, its adapter chosen."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from backend_functions.db.pool import Database
from backend_functions.db.queries import queries
from backend_functions.egress.policy import EgressPolicy, origin
from backend_functions.errors import (
    ImagesNotConfigured,
    InvalidRequest,
    NotConfigured,
    NotFound,
    SearchNotConfigured,
)
from backend_functions.providers.base import ChatProvider, ChatRequest, ChatTurn
from backend_functions.providers.breaker import CircuitBreaker, GuardedProvider
from backend_functions.providers.registry import (
    IMAGES,
    LOCAL,
    SEARCH,
    Provider,
    find_provider,
    open_provider,
    resolve_base_url,
)
from backend_functions.providers.windows import window_of
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import ImageKey, LocalModel, SearchKey
from backend_functions.types import Caller
from backend_functions.web_search.tavily import Source, search

_SQL = queries("model_configs")

Search = Callable[[str], Awaitable[tuple[Source, ...]]]
"""Finds pages for a question."""


@dataclass(frozen=True, slots=True)
class PictureAccess:
    """Who makes a picture, and with which key."""

    provider: str
    base_url: str | None
    """As the config has it, or where the server's own key belongs."""
    model: str
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfiguredProviders:
    """Opens the provider of any model config."""

    http: httpx.AsyncClient
    database: Database
    sealer: KeySealer
    policy: EgressPolicy
    local_model: LocalModel | None
    search_key: SearchKey | None = None
    image_key: ImageKey = field(default_factory=ImageKey)
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    def address(self, provider: Provider, base_url: str | None) -> httpx.URL:
        """Return where a config's requests go; see `resolve_base_url`."""
        return resolve_base_url(provider, base_url, self.policy, self.local_model)

    def window_tokens(self, provider_name: str, model: str) -> int:
        """Return how many tokens a config's model can hold."""
        if provider_name == LOCAL and self.local_model is not None:
            return self.local_model.context_tokens
        return window_of(provider_name, model)

    def open(
        self, user_id: UUID, config: Mapping[str, Any], sealed_key: str | None
    ) -> ChatProvider:
        """Return the adapter for a user's config.

        Args:
            user_id: Whose config it is.
            config: Its row, with `config_id`, `provider`, `base_url`.
            sealed_key: Its key as it is stored, if it has one.

        Raises:
            InvalidRequest, NotConfigured: The config cannot be called as it stands.
        """
        provider = find_provider(config["provider"])
        base_url = self.address(provider, config["base_url"])
        if provider.key == "none":
            assert self.local_model is not None
            return open_provider(provider, self.http, base_url, self.local_model.api_key)
        key = self._open_key(provider, base_url, user_id, config["config_id"], sealed_key)
        opened = open_provider(provider, self.http, base_url, key)
        return GuardedProvider(opened, self.breaker, _target(provider, base_url, user_id))

    async def find_sealed_key(self, user_id: UUID, config_id: UUID) -> str | None:
        """Return the key of a user's config as it is stored."""
        async with self.database.as_service() as connection:
            cursor = await connection.execute(
                _SQL.get_sealed_key, {"config_id": config_id, "user_id": user_id}
            )
            row = await cursor.fetchone()
        return row["api_key_encrypted"] if row else None

    async def open_search(self, caller: Caller) -> Search:
        """Return the web search of a user: with a key of their own, else with the server's.

        Raises:
            NotConfigured: There is neither.
        """
        assert caller.user_id is not None
        provider = find_provider(SEARCH)
        async with self.database.as_user(caller) as connection:
            cursor = await connection.execute(_SQL.find_keyed_config, {"provider": SEARCH})
            own = await cursor.fetchone()
        if own is not None:
            base_url = self.address(provider, own["base_url"])
            config_id = own["config_id"]
            sealed_key = await self.find_sealed_key(caller.user_id, config_id)
            key = self._open_key(provider, base_url, caller.user_id, config_id, sealed_key)
            if key is not None:
                target = _target(provider, base_url, caller.user_id)
                return self._guard_search(base_url, key, target)
        if self.search_key is None:
            raise SearchNotConfigured
        base_url = httpx.URL(self.search_key.base_url)
        return self._guard_search(base_url, self.search_key.key, (SEARCH, origin(base_url)))

    async def open_pictures(self, caller: Caller, model_id: str | None) -> PictureAccess:
        """Return who makes a user's picture: a config of theirs, else ImageRouter.

        ImageRouter is asked with a key of the user's own (a config of the provider `imagerouter`),
        else with the server's, which goes to the address it was set for and to no other.

        Args:
            model_id: The id of a config of the user, or a model of ImageRouter by its name; None
                is the model of the user's own config of ImageRouter, or the server's usual one.

        Raises:
            NotFound: The user has no such config.
            InvalidRequest: It is of a provider that makes no pictures, or no model is named.
            NotConfigured: There is no key.
        """
        config = await self._find_picture_config(caller, model_id)
        if config is not None:
            return await self._own_pictures(caller, config, model_id)
        key = self.image_key.key or await self._find_secret("IMAGEROUTER_API_KEY")
        if key is None:
            raise ImagesNotConfigured
        if not (model := model_id or self.image_key.model):
            raise InvalidRequest("Name the model that is to make the picture.")
        return PictureAccess(IMAGES, self.image_key.base_url, model, key)

    async def _own_pictures(
        self, caller: Caller, config: Mapping[str, Any], model_id: str | None
    ) -> PictureAccess:
        assert caller.user_id is not None
        provider, config_id = find_provider(config["provider"]), config["config_id"]
        if provider.pictures is None:
            raise InvalidRequest(f"The provider {provider.name} makes no pictures.")
        address = self.address(provider, config["base_url"])
        sealed_key = await self.find_sealed_key(caller.user_id, config_id)
        key = self._open_key(provider, address, caller.user_id, config_id, sealed_key)
        model = config["model"] if model_id is None or _as_id(model_id) else model_id
        return PictureAccess(provider.name, config["base_url"], model, key)

    async def _find_picture_config(
        self, caller: Caller, model_id: str | None
    ) -> Mapping[str, Any] | None:
        """Return the config that is named, or else the user's own of ImageRouter."""
        config_id = _as_id(model_id)
        async with self.database.as_user(caller) as connection:
            if config_id is None:
                cursor = await connection.execute(_SQL.find_keyed_config, {"provider": IMAGES})
            else:
                cursor = await connection.execute(_SQL.find_own_config, {"config_id": config_id})
            row = await cursor.fetchone()
        if row is None and config_id is not None:
            raise NotFound("There is no such model config.")
        return row

    async def _find_secret(self, name: str) -> str | None:
        """Return what the project's Vault holds under a name, where there is one."""
        async with self.database.as_service() as connection:
            cursor = await connection.execute(_SQL.find_secret, {"name": name})
            row = await cursor.fetchone()
        return row["secret"] if row else None

    def _guard_search(self, base_url: httpx.URL, key: str, target: tuple[str, ...]) -> Search:
        async def guarded(query: str) -> tuple[Source, ...]:
            with self.breaker.attempt(target, "The web search"):
                return await search(self.http, base_url, key, query)

        return guarded

    def _open_key(
        self,
        provider: Provider,
        base_url: httpx.URL,
        user_id: UUID,
        config_id: UUID,
        sealed_key: str | None,
    ) -> str | None:
        """There is no fallback: a key of the server's own never goes out in a user's name."""
        if sealed_key is not None:
            return self.sealer.open(sealed_key, KeyBinding(user_id, config_id, origin(base_url)))
        if provider.key == "required":
            raise NotConfigured("This model config has no key.")
        return None


def _as_id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


def _target(provider: Provider, base_url: httpx.URL, user_id: UUID) -> tuple[str, ...]:
    """What is in trouble when a provider fails; an address of a user's own is that user's alone."""
    place = origin(base_url)
    if provider.base_url and place == origin(httpx.URL(provider.base_url)):
        return provider.name, place
    return provider.name, place, str(user_id)


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
