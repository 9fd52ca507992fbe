"""`/functions/v1/model-configs`: what a client cannot write through the data API."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from backend_functions.configured_provider import ConfiguredProviders
from backend_functions.db.pool import Database
from backend_functions.http import Json, json_body
from backend_functions.model_configs.body import ConfigChange, NewConfig
from backend_functions.model_configs.probe import probe
from backend_functions.model_configs.store import ConfigStore, get_config
from backend_functions.providers.base import ChatProvider
from backend_functions.providers.registry import PROVIDERS
from backend_functions.types import Caller

_MAX_BODY_BYTES = 512 * 1024


def model_config_routes(
    database: Database,
    providers: ConfiguredProviders,
    identify: Callable[[Request], Awaitable[Caller]],
) -> APIRouter:
    """Return the routes; `identify` gives the signed-in user or raises NotAuthenticated."""
    router = APIRouter(prefix="/functions/v1/model-configs", tags=["model configs"])
    store = ConfigStore(database, providers)

    async def open_config(caller: Caller, config_id: UUID) -> tuple[ChatProvider, dict[str, Any]]:
        async with database.as_user(caller) as connection:
            config = await get_config(connection, caller, config_id)
        assert caller.user_id is not None
        sealed_key = await providers.find_sealed_key(caller.user_id, config_id)
        named = config | {"config_id": config_id}
        return providers.open(caller.user_id, named, sealed_key), config

    @router.get("/providers")
    async def list_providers(caller: Annotated[Caller, Depends(identify)]) -> Json:
        """List the providers a config can name, for forms that offer them."""
        rows = [
            {"name": row.name, "base_url": row.base_url, "key": row.key}
            for row in PROVIDERS.values()
        ]
        return Json({"providers": rows})

    @router.post("", status_code=201, openapi_extra=_body(NewConfig))
    async def add(
        caller: Annotated[Caller, Depends(identify)],
        new: Annotated[NewConfig, Depends(json_body(NewConfig, max_bytes=_MAX_BODY_BYTES))],
    ) -> Json:
        """Add a model config, with its key if it needs one."""
        return Json(await store.add(caller, new), status_code=201)

    @router.patch("/{config_id}", openapi_extra=_body(ConfigChange))
    async def change(
        config_id: UUID,
        caller: Annotated[Caller, Depends(identify)],
        wanted: Annotated[
            ConfigChange, Depends(json_body(ConfigChange, max_bytes=_MAX_BODY_BYTES))
        ],
    ) -> Json:
        """Change what is named; another address needs the key anew."""
        return Json(await store.change(caller, config_id, wanted))

    @router.post("/{config_id}/test")
    async def test(
        config_id: UUID,
        caller: Annotated[Caller, Depends(identify)],
    ) -> Json:
        """Find out whether a config works, and how fast."""
        provider, config = await open_config(caller, config_id)
        return Json(await probe(provider, config))

    @router.post("/{config_id}/catalog")
    async def catalog(
        config_id: UUID,
        caller: Annotated[Caller, Depends(identify)],
    ) -> Json:
        """List the models that the config's key can use."""
        provider, _ = await open_config(caller, config_id)
        return Json({"models": await provider.list_models()})

    return router


def _body(model: type[ConfigChange]) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
