"""The image of a smoke run: asked for, waited for, looked at."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pocketllm_cli.api.client import Api
from pocketllm_cli.api.wire import Call
from pocketllm_cli.errors import BackendProblem, NotFound, ProviderFailed
from pocketllm_cli.models import ModelConfig
from pocketllm_cli.smoke.belongings import Belongings, path_of
from pocketllm_cli.smoke.names import image_prompt
from pocketllm_cli.smoke.runner import NothingToTry

PROVIDER: Final = "imagerouter"
_LOOK_SECONDS: Final = 0.5
_MOST_BYTES: Final = 50 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"


async def make_image(
    api: Api, belongings: Belongings, chat_id: str, *, is_wanted: bool | None
) -> str:
    """Have an image made, fetch it, and say what it is; `Belongings.remove` takes it away.

    Args:
        is_wanted: None: where the person has a config for it; True: with the server's key, too.

    Raises:
        NothingToTry: It is not wanted, or nothing that makes images is set.
        PocketLLMError: There is no image.
    """
    if is_wanted is False:
        raise NothingToTry("Not wanted (--no-image).")
    config = await _find_config(api)
    if config is None and not is_wanted:
        raise NothingToTry(f"No model config makes images (--provider {PROVIDER}).")
    job_id = await _ask(api, config, image_prompt(chat_id))
    path = await _wait(belongings, job_id)
    with TemporaryDirectory(prefix="pocketllm-smoke-") as folder:
        stored = await api.files.download(path, Path(folder) / "image", most_bytes=_MOST_BYTES)
        if not (Path(folder) / "image").read_bytes().startswith(_PNG):
            raise BackendProblem("What was stored is no PNG.")
    return f"{config.model if config else 'The server'} made a PNG of {stored.size} bytes."


async def _find_config(api: Api) -> ModelConfig | None:
    configs = await api.model_configs.all()
    return next((config for config in configs if config.provider == PROVIDER), None)


async def _ask(api: Api, config: ModelConfig | None, prompt: str) -> str:
    body = {"prompt": prompt} | ({"modelId": config.id} if config else {})
    try:
        answer = await api.wire.ask(Call("functions", "POST", "image-generation", body=body))
    except NotFound as error:
        raise NothingToTry("These functions make no images.") from error
    return str(answer["job_id"])


async def _wait(belongings: Belongings, job_id: str) -> str:
    while True:
        job = await belongings.job(job_id)
        if job is None:
            raise BackendProblem("The job of the image is gone.")
        if job["status"] not in ("pending", "processing", "completed"):
            raise ProviderFailed(f"No image was made: {job['error_log'] or 'nobody says why'}")
        if job["status"] == "completed" and (path := path_of(job)):
            return path
        await asyncio.sleep(_LOOK_SECONDS)
