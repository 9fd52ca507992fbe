"""`/functions/v1/image-generation`: ask for a picture; a worker makes it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request

from backend_functions.db.pool import Database
from backend_functions.http import Json, json_body
from backend_functions.image_generation.body import ImageGenerationBody
from backend_functions.image_generation.job import IMAGE_GENERATION
from backend_functions.jobs.submit import submit_job
from backend_functions.types import Caller

_MAX_BODY_BYTES = 256 * 1024


def image_generation_routes(
    database: Database, identify: Callable[[Request], Awaitable[Caller]]
) -> APIRouter:
    """Return the route; `identify` gives the signed-in user or raises NotAuthenticated."""
    router = APIRouter(prefix="/functions/v1/image-generation", tags=["image generation"])
    read_body = json_body(ImageGenerationBody, max_bytes=_MAX_BODY_BYTES)

    @router.post("", status_code=202, openapi_extra=_BODY)
    async def ask(
        caller: Annotated[Caller, Depends(identify)],
        body: Annotated[ImageGenerationBody, Depends(read_body)],
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
    ) -> Json:
        """Queue a picture; its job tells when it is there, and where."""
        job_id = await submit_job(
            database,
            caller,
            IMAGE_GENERATION.name,
            body.model_dump(by_alias=True, exclude_none=True),
            idempotency_key=idempotency_key,
        )
        return Json({"job_id": job_id}, status_code=202)

    return router


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ImageGenerationBody.model_json_schema()}},
    }
}
