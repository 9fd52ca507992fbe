"""How pictures are wanted: what was chosen last is kept for the next one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from pocketllm_cli.api.images import ImageRequest
from pocketllm_cli.models import Job

if TYPE_CHECKING:
    from pocketllm_cli.api.client import Api

KNOWN_MODELS: Final = ("openai/gpt-image-1", "test/test")
"""Names that are offered before any was used; the second is ImageRouter's own, for trying out."""

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class ImageWish:
    """Model, quality and size; an empty one is left to the backend or to the provider."""

    model: str = ""
    quality: str = ""
    size: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Build it from what is kept on disk; what is no text there counts as empty."""
        told = {name: row.get(name) for name in cls.__slots__}
        return cls(
            **{
                name: value.strip()[:_LONGEST] if isinstance(value, str) else ""
                for name, value in told.items()
            }
        )

    def as_row(self) -> dict[str, str]:
        """Return it as it is kept on disk."""
        return asdict(self)

    async def ask(self, api: "Api", prompt: str, *, key: str | None = None) -> Job:
        """Ask the backend for the picture; see `Images.create`."""
        model = await api.model_configs.picture_model(self.model or None)
        request = ImageRequest(prompt, model, self.quality or None, self.size or None)
        return await api.images.create(request, key=key)
