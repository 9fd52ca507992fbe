"""The job that makes a picture: asks for it, stores it, and says where it is.

A picture is stored once: under the name of its job, which nothing overwrites. An attempt that finds
one there describes that one, whichever attempt made it.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from backend_functions.errors import Conflict, InvalidRequest, NotFound
from backend_functions.image_generation.body import ImageGenerationBody
from backend_functions.image_generation.picture import Picture, PictureRequest, make_picture
from backend_functions.image_generation.png import read_size
from backend_functions.jobs.files import read_own_file
from backend_functions.jobs.job import Job, JobTools, JobType, Output
from backend_functions.picture_reencoding import MOST_BYTES
from backend_functions.stopping import to_its_end

_MAX_OBJECT_BYTES = 50 * 1024 * 1024


def picture_path(user_id: UUID, job_id: UUID) -> str:
    """Return where the picture of a job lies in the users' bucket."""
    return f"private/generated_images/{user_id}/{job_id}.png"


async def _run(job: Job, tools: JobTools) -> Output:
    body = _read_input(job.input_data)
    path = picture_path(job.user_id, job.id)
    if job.made is not None:
        with suppress(NotFound):
            return await _describe(path, job.made, tools)
    picture = await _make(job, body, tools)
    output = _output(path, picture)
    await job.keep(output)
    try:
        # Half sent it might arrive after it was looked for.
        await to_its_end(
            tools.objects.put(path, picture.png, tools.token, content_type="image/png")
        )
    except Conflict:
        return await _describe(path, output, tools)
    return output


def _read_input(input_data: Any) -> ImageGenerationBody:
    try:
        return ImageGenerationBody.model_validate(input_data)
    except ValidationError as error:
        raise InvalidRequest("The job does not say what picture is wanted.") from error


async def _make(job: Job, body: ImageGenerationBody, tools: JobTools) -> Picture:
    access = await tools.providers.open_pictures(job.owner, body.model_id)
    input_image = None
    if body.input_image is not None:
        input_image = await read_own_file(job, tools, body.input_image, MOST_BYTES)
    request = PictureRequest(
        prompt=body.prompt,
        model=access.model,
        quality=body.quality,
        size=body.size,
        provider=access.provider,
        base_url=access.base_url,
        input_image=input_image,
    )
    return await make_picture(
        request, access.key, tools.http, tools.policy, tools.reencoder, tools.settings.limits
    )


def _output(path: str, picture: Picture) -> dict[str, Any]:
    return {
        "path": path,
        "size": len(picture.png),
        "width": picture.width,
        "height": picture.height,
        "model": picture.model,
        "cost_usd": picture.cost_usd,
    }


async def _describe(path: str, made: Output, tools: JobTools) -> Output:
    """Return the output for the picture that is stored, which another attempt may have made."""
    async with tools.objects.open(path, tools.token, max_bytes=_MAX_OBJECT_BYTES) as stored:
        png = await stored.read()
    width, height = read_size(png)
    return {**made, "size": len(png), "width": width, "height": height}


async def _discard(job_id: UUID, user_id: UUID, tools: JobTools) -> None:
    await tools.objects.remove(picture_path(user_id, job_id), tools.token)


IMAGE_GENERATION = JobType("image_generation", _run, _discard)
