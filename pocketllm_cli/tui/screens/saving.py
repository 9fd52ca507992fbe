"""Saving a stored file on this machine: asked for a name, and before anything is replaced."""

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.tui.messages import Failed
from pocketllm_cli.tui.picked_files import place_for, safe_name
from pocketllm_cli.tui.screens.app_screen import AppScreen


async def save_file(screen: AppScreen, path: str, name: str) -> None:
    """Ask where to, and fetch a file there; to be awaited in a worker of the screen.

    Args:
        path: Where it is in the bucket.
        name: What it is offered to be called.
    """
    from pocketllm_cli.tui.screens.dialogs import AskLine, Confirm  # not for the first frame

    folder = screen.parts.folder
    usual = str(folder / safe_name(name))
    wanted = await screen.app.push_screen_wait(AskLine("Save it as", usual, most=4096))
    if wanted is None:
        return
    try:
        place = place_for(wanted, folder, name)
        replace = Confirm(f"{place} is there already. Replace it?", deed="Replace")
        if place.exists() and not await screen.app.push_screen_wait(replace):
            return
        await screen.parts.api.files.download(path, place)
    except PocketLLMError as error:
        screen.post_message(Failed("save the file", error))
    else:
        screen.tell(f"Saved to {place}.")
