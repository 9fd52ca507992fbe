"""The profile, from one backend to another: what the person has not told there yet."""

from dataclasses import asdict

from pocketllm_cli.api.profiles import Profiles
from pocketllm_cli.errors import Conflict, InvalidRequest
from pocketllm_cli.transfer.places import Places


async def move_profile(source: Profiles, target: Profiles, places: Places) -> None:
    """Fill in what is empty at the target; a user name that is taken there is left out."""
    here, there = asdict(await source.own()), asdict(await target.own())
    new = {name: value for name, value in here.items() if value and not there[name]}
    if "avatar_url" in new:
        new["avatar_url"] = places.path(new["avatar_url"])
    if not new:
        return
    try:
        await target.edit(new)
    except (Conflict, InvalidRequest):
        new.pop("username", None)
        if new:
            await target.edit(new)
