"""The whole transfer, in the order in which one thing needs another."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from pocketllm_cli.api.client import Api
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.transfer.chats import ChatMover
from pocketllm_cli.transfer.files import FileMover, files_below
from pocketllm_cli.transfer.jobs import move_jobs
from pocketllm_cli.transfer.models import AskKey, move_models
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.profile import move_profile
from pocketllm_cli.transfer.report import Report

Tell = Callable[[Report], None]
"""Is told how far it is, after each thing."""


async def transfer(source: Api, target: Api, *, ask_key: AskKey, tell: Tell) -> Report:
    """Bring everything of the one account over that is not there yet, and compare it.

    It may end anywhere and be begun again: what is there is not brought over twice.

    Raises:
        UsageProblem: Both are the same account.
    """
    here, there = await source.account(), await target.account()
    if (here.url, here.id) == (there.url, there.id):
        raise UsageProblem(
            "Both contexts are the same account.", hint="See them with `pocketllm context`."
        )
    places, report = Places(here.id, there.id), Report()
    await move_profile(source.profiles, target.profiles)
    await move_models(source.model_configs, target.model_configs, places, report, ask_key)
    chats = ChatMover(target.whole_chats, places, report)
    async for chat in source.whole_chats.read_all():
        await chats.move(chat)
        tell(report)
    jobs = set(await move_jobs(source.wire, target.wire, places, report))
    with tempfile.TemporaryDirectory(prefix="pocketllm-") as scratch:
        files = FileMover(source.files, target.files, places, report, Path(scratch))
        for folder in (f"private/user_files/{here.id}", f"private/generated_images/{here.id}"):
            async for file in files_below(source.files, folder):
                if folder.startswith("private/user") or Path(file.path).stem in jobs:
                    await files.move(file)
                    tell(report)
        avatar = f"public/avatars/{here.id}.png"
        for file in await source.files.all("public/avatars"):
            if file.path == avatar:
                await files.move(file)
    return report
