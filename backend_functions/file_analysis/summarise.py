"""A long text made short by a model, in as many questions as its window asks for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from backend_functions.chat_request.context import TOKENS_PER_BYTE
from backend_functions.configured_provider import build_request
from backend_functions.errors import InvalidRequest, ProviderError
from backend_functions.providers.base import ChatProvider, ChatTurn, Finished, TextDelta
from backend_functions.providers.prices import price_of

MOST_PIECES: Final = 12
"""Questions about one document, besides the one that makes a whole of their answers."""
_BETWEEN: Final = "\n\n"
_SUMMARY_TOKENS: Final = 1_000
_INSTRUCTION_TOKENS: Final = 200
_ABOUT: Final = (
    "Summarise the document below for somebody who cannot read it and will be asked about it: what"
    " it is, how it is built, and its facts, names, numbers and conclusions. Write in the language"
    " of the document. Answer with the summary alone."
)
_ABOUT_PARTS: Final = (
    "Below are summaries of the parts of one document, in order. Make one summary of them that"
    " loses no fact, name or number. Answer with the summary alone."
)


@dataclass(slots=True)
class Summary:
    """What came of it; the counts add up over all questions, as far as the provider told."""

    text: str = ""
    characters: int = 0
    """Of the document's text."""
    read_characters: int = 0
    """Of those, the ones from the beginning that the model was given."""
    input_tokens: int = 0
    output_tokens: int = 0
    costs: list[float] = field(default_factory=list)

    def as_record(self) -> dict[str, Any]:
        """Return it as a part of a job's output."""
        return {
            "summary": self.text,
            "characters": self.characters,
            "read_characters": self.read_characters,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": sum(self.costs) if self.costs else None,
        }


class Summariser:
    """Asks one config's model.

    Args:
        config: With the settings to ask with; its system prompt is left out.
        window_tokens: What the model can hold.
    """

    def __init__(
        self, provider: ChatProvider, config: Mapping[str, Any], window_tokens: int
    ) -> None:
        self._provider = provider
        self._config = config
        self._answer_tokens = min(_SUMMARY_TOKENS, window_tokens // 4)
        room = window_tokens - self._answer_tokens - _INSTRUCTION_TOKENS
        self._piece_bytes = max(int(room / TOKENS_PER_BYTE), 1_000)

    async def summarise(self, name: str, text: str) -> Summary:
        """Return the summary of a document; of a very long one, of its beginning.

        Raises:
            InvalidRequest: There is no text.
            ProviderError: The model was not asked, broke off or said nothing.
        """
        if not text.strip():
            raise InvalidRequest(f"{name} holds no text.")
        read = await asyncio.to_thread(split_text, text, self._piece_bytes, MOST_PIECES)
        made = Summary(characters=len(text), read_characters=sum(map(len, read)))
        parts = [await self._ask(f"{_ABOUT}\n\n{name}:\n\n{piece}", made) for piece in read]
        while len(parts) > 1:
            groups = group_texts(parts, self._piece_bytes)
            parts = [await self._ask(f"{_ABOUT_PARTS}\n\n{group}", made) for group in groups]
        made.text = parts[0]
        return made

    async def _ask(self, question: str, made: Summary) -> str:
        request = build_request(self._config, (ChatTurn("user", question),))
        request = replace(request, max_tokens=self._answer_tokens)
        text = ""
        async for events in self._provider.stream(request):
            for event in events:
                if isinstance(event, TextDelta):
                    text += event.text
                elif isinstance(event, Finished):
                    self._note(event, made)
        if not text.strip():
            raise ProviderError("The model gave no summary.", detail="an empty answer")
        return text.strip()

    def _note(self, end: Finished, made: Summary) -> None:
        made.input_tokens += end.input_tokens or 0
        made.output_tokens += end.output_tokens or 0
        cost = price_of(
            self._config["provider"],
            self._config["model"],
            end.input_tokens,
            end.output_tokens,
            end.cached_input_tokens,
            base_url=self._config["base_url"],
        )
        if cost is not None:
            made.costs.append(float(cost))


def split_text(text: str, max_bytes: int, most: int) -> list[str]:
    """Return a text in pieces of at most so many bytes of UTF-8, cut between lines where it can be.

    The pieces joined are the text, or its beginning where it has more than `most` of them.
    """
    pieces: list[list[str]] = []
    room = 0
    for line in text[: most * max_bytes].splitlines(keepends=True):
        for part in _cut(line, max_bytes):
            size = len(part.encode(errors="replace"))
            if size > room:
                pieces.append([])
                room = max_bytes
            pieces[-1].append(part)
            room -= size
    return ["".join(piece) for piece in pieces[:most]]


def _cut(line: str, max_bytes: int) -> list[str]:
    if len(line.encode(errors="replace")) <= max_bytes:
        return [line]
    step = max(max_bytes // 4, 1)  # no character has more bytes
    return [line[start : start + step] for start in range(0, len(line), step)]


def group_texts(texts: Sequence[str], max_bytes: int) -> list[str]:
    """Return texts joined, as many as fit, two at least: what is longer than half is cut there."""
    half = max_bytes // 2 - len(_BETWEEN)
    groups: list[str] = []
    for text in texts:
        part = text.encode(errors="replace")[:half].decode(errors="ignore")
        if groups and len(f"{groups[-1]}{_BETWEEN}{part}".encode()) <= max_bytes:
            groups[-1] = f"{groups[-1]}{_BETWEEN}{part}"
        else:
            groups.append(part)
    return groups
