"""A picture of this machine that is to be changed: made fit, stored, and asked about."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from pocketllm_cli.api.attachments import remove_quietly
from pocketllm_cli.api.client import Api
from pocketllm_cli.api.images import ImageRequest
from pocketllm_cli.attachables import Attachable, look_at, prepare, refuse_address
from pocketllm_cli.errors import BackendUnreachable, PocketLLMError, UsageProblem
from pocketllm_cli.file_kinds import is_picture, suffix_of
from pocketllm_cli.models import Job


async def create_from(api: Api, file: Path, request: ImageRequest) -> Job:
    """Store a picture for the wish that goes with it, and ask for what is to become of it.

    Raises:
        UsageProblem: It is no picture.
        PocketLLMError: The wish was refused; then the picture is removed again.
    """
    picture = picture_of(file)
    user_id = (await api.account()).id
    path = f"private/image_inputs/{user_id}/{uuid4()}{suffix_of(picture.media_type)}"
    await api.files.upload(picture.source, path, content_type=picture.media_type)
    try:
        return await api.images.create(replace(request, input_path=path))
    except BackendUnreachable:
        raise  # it may have been taken
    except PocketLLMError:
        await remove_quietly(api, [path])
        raise


def picture_of(file: Path) -> Attachable:
    """Return a picture fit to be sent.

    Raises:
        UsageProblem: There is no such file, or it is no picture.
    """
    refuse_address(str(file))
    found = look_at(file.expanduser())
    if not is_picture(found.media_type):
        raise UsageProblem(f"{file} is no picture.", hint="Give a PNG, JPEG, WebP or GIF.")
    return prepare(found)
