"""The part of the app that hands out pictures, to whatever screen or dialog asks for one."""

import asyncio
from typing import Final

from textual import on, work

from pocketllm_cli.errors import PocketLLMError
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.tui.canvas import open_picture
from pocketllm_cli.tui.enduring import EnduringApp
from pocketllm_cli.tui.messages import PictureLoaded, PictureMissing, PictureWanted
from pocketllm_cli.tui.parts import Parts

_AT_ONCE: Final = 2
"""Pictures that are fetched and decoded at a time."""


class PicturingApp(EnduringApp):
    """Fetches and decodes pictures; one that nobody waits for any more is not begun."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts  # before the title is set, whose watcher looks at the options
        super().__init__()
        self._places_for_pictures = asyncio.Semaphore(_AT_ONCE)

    @on(PictureWanted)
    @work(group="pictures")
    async def load_picture(self, event: PictureWanted) -> None:
        """Tell the view its picture, or why there is none."""
        canvas = self.parts.canvas
        async with self._places_for_pictures:
            if not event.view.is_attached:
                return
            try:
                data = await self.parts.pictures.load(event.file)
                picture = await asyncio.to_thread(open_picture, data, canvas, event.longest_side)
            except PocketLLMError as error:
                event.view.post_message(PictureMissing(clean_line(error.message)))
            else:
                event.view.post_message(PictureLoaded(picture, canvas))
