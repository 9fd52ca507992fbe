"""The whole transfer, in the order in which one thing needs another."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pocketllm_cli.api import avatars
from pocketllm_cli.api.client import Api
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Account, StoredFile
from pocketllm_cli.transfer.chats import ChatMover
from pocketllm_cli.transfer.files import FileMover, files_below
from pocketllm_cli.transfer.jobs import move_jobs
from pocketllm_cli.transfer.models import AskKey, HandOver, hand_over_keys, move_models
from pocketllm_cli.transfer.places import Places
from pocketllm_cli.transfer.profile import move_profile
from pocketllm_cli.transfer.report import Report

Tell = Callable[[Report, str], None]
"""Is told how far it is, after each thing: what was done, and which thing of how many it was."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a transfer is to go."""

    ask_key: AskKey
    tell: Tell | None
    """None where nobody watches."""
    hand_over: HandOver | None = None
    """None where keys are asked for."""
    is_dry: bool = False
    """Only count what would be brought over."""


async def transfer(source: Api, target: Api, wishes: Wishes) -> Report:
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
    if not wishes.is_dry:
        await move_profile(source.profiles, target.profiles, places)
    await move_models(
        source.model_configs,
        target.model_configs,
        places,
        report,
        wishes.ask_key,
        is_dry=wishes.is_dry,
    )
    if wishes.hand_over and report.keys_needed and not wishes.is_dry:
        await hand_over_keys(places, report, wishes.hand_over)
    await _move_chats(source, target, places, report, wishes)
    is_dry = wishes.is_dry
    jobs = set(await move_jobs(source.wire, target.wire, places, report, is_dry=is_dry))
    with tempfile.TemporaryDirectory(prefix="pocketllm-") as scratch:
        mover = FileMover(source.files, target.files, places, report, Path(scratch))
        await _move_files(source, here, jobs, mover, report, wishes)
    return report


async def _move_chats(
    source: Api, target: Api, places: Places, report: Report, wishes: Wishes
) -> None:
    deleted = {chat.id for chat in await target.deleted_chats.newest()}
    chats = ChatMover(target.whole_chats, places, report, deleted=deleted)
    total = await source.whole_chats.count() if wishes.tell else 0
    number = 0
    async for chat in source.whole_chats.read_all():
        await (chats.count(chat) if wishes.is_dry else chats.move(chat))
        number += 1
        if wishes.tell:
            wishes.tell(report, f"chat {number:,} of {max(total, number):,}")


async def _move_files(
    source: Api, here: Account, jobs: set[str], mover: FileMover, report: Report, wishes: Wishes
) -> None:
    files = await _files_of(source, here, jobs)
    for number, file in enumerate(files, 1):
        await (mover.count(file) if wishes.is_dry else mover.move(file))
        if wishes.tell:
            wishes.tell(report, f"file {number:,} of {len(files):,}")


async def _files_of(source: Api, here: Account, jobs: set[str]) -> list[StoredFile]:
    """Return the files of the person: of chats, of jobs that are over, the avatar."""
    files = [file async for file in files_below(source.files, f"private/user_files/{here.id}")]
    pictures = files_below(source.files, f"private/generated_images/{here.id}")
    files += [file async for file in pictures if Path(file.path).stem in jobs]
    files += [file async for file in files_below(source.files, f"private/image_inputs/{here.id}")]
    avatar = avatars.avatar_path(here.id)
    return files + [file for file in await source.files.all(avatars.FOLDER) if file.path == avatar]
