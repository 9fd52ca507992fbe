"""Links to stored files: how long one is good is chosen, then it is copied."""

from typing import Final

from pocketllm_cli.contexts import is_local
from pocketllm_cli.durations import duration_told
from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.messages import CopyWanted, Failed
from pocketllm_cli.tui.screens.app_screen import AppScreen

_TIMES: Final = (600, 3600, 86_400, 604_800)


async def choose_link(screen: AppScreen, path: str, name: str) -> None:
    """Ask how long a link is to be good, and copy it; to be awaited in a worker of the screen.

    Args:
        path: Where the file is in the bucket.
    """
    from pocketllm_cli.tui.screens.dialogs import Choose  # not for the first frame

    question = f"Whoever has the link gets {clean_line(name)}, without signing in. For how long?"
    choices = [(str(seconds), duration_told(seconds)) for seconds in _TIMES]
    chosen = await screen.app.push_screen_wait(Choose(question, choices))
    if chosen is None:
        return
    seconds = int(chosen)
    try:
        address = await screen.parts.api.files.sign(path, seconds)
    except PocketLLMError as error:
        screen.post_message(Failed("make a link", error))
    else:
        where = ", on this machine only" if is_local(address) else ""
        told = f"a link that is good for {duration_told(seconds)}{where}"
        screen.post_message(CopyWanted(address, told))
