"""Where the client keeps its files. Nothing is created here; writers make what they need."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Paths:
    """The five folders of the client."""

    config: Path
    data: Path
    state: Path
    logs: Path
    cache: Path
    """What may be removed at any time: it is read anew."""

    @classmethod
    def under(cls, home: Path | None) -> Self:
        """Return the folders below `home`, or those of the platform."""
        if home is not None:
            return cls(*(home / name for name in ("config", "data", "state", "logs", "cache")))
        import platformdirs  # not needed when the folder is named

        return cls(
            config=platformdirs.user_config_path("pocketllm"),
            data=platformdirs.user_data_path("pocketllm"),
            state=platformdirs.user_state_path("pocketllm"),
            logs=platformdirs.user_log_path("pocketllm"),
            cache=platformdirs.user_cache_path("pocketllm"),
        )

    @property
    def config_file(self) -> Path:
        """The contexts and which of them is current."""
        return self.config / "config.toml"

    @property
    def sessions(self) -> Path:
        """One file per context: its tokens, or where they are."""
        return self.state / "sessions"

    @property
    def backend(self) -> Path:
        """Everything of the embedded backend."""
        return self.data / "backend"

    @property
    def names(self) -> Path:
        """One file per context: names for completion."""
        return self.cache / "names"
