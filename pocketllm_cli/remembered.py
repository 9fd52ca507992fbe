"""Names that commands have seen, kept for completion when the backend is slow or away.

One private file a context. It is no more than a convenience: one that cannot be read or written
is as good as none.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pocketllm_cli.errors import LocalFileProblem
from pocketllm_cli.private_files import read_private, write_private

Kind = Literal["chats", "jobs", "models"]
Name = tuple[str, str]
"""What is typed, and what it stands for."""

_MOST: Final = 100
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Remembered:
    """The names of one account at one backend.

    Args:
        mark: Names backend and account; what was kept for another one counts as nothing.
    """

    path: Path
    mark: str

    @classmethod
    def of(cls, folder: Path, context: str, *whose: str | None) -> "Remembered":
        """Return those of a context; `whose` tells backends and accounts apart, and is hashed."""
        text = "\0".join(part or "" for part in whose)
        return cls(folder / f"{context}.json", hashlib.sha256(text.encode()).hexdigest()[:16])

    def names(self, kind: Kind) -> list[Name]:
        """Return the names, in the order in which they were put."""
        found = self._part(kind).get("names")
        pairs = found if isinstance(found, list) else []
        return [(str(pair[0]), str(pair[1])) for pair in pairs if len(pair) == 2]

    def age_seconds(self, kind: Kind) -> float:
        """Return how long ago all of them were put, by this machine's clock."""
        at = self._part(kind).get("at")
        age = time.time() - at if isinstance(at, int | float) else float("inf")
        return age if age >= 0 else float("inf")

    def put(self, kind: Kind, names: Sequence[Name]) -> None:
        """Keep these and no others."""
        self._write(kind, names, time.time())

    def add(self, kind: Kind, *names: Name) -> None:
        """Put these before the others; the same name is kept once."""
        values = {value for value, _ in names}
        others = [name for name in self.names(kind) if name[0] not in values]
        self._write(kind, [*names, *others], self._part(kind).get("at"))

    def drop(self, kind: Kind, *values: str) -> None:
        """Forget these."""
        left = [name for name in self.names(kind) if name[0] not in values]
        self._write(kind, left, self._part(kind).get("at"))

    def forget(self) -> None:
        """Forget everything."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _part(self, kind: Kind) -> dict[str, Any]:
        part = self._read().get(kind)
        return part if isinstance(part, dict) else {}

    def _read(self) -> dict[str, Any]:
        with suppress(LocalFileProblem, ValueError):
            content = json.loads(read_private(self.path, lambda text: None) or "{}")
            if isinstance(content, dict) and content.get("mark") == self.mark:
                return content
        return {"mark": self.mark}

    def _write(self, kind: Kind, names: Sequence[Name], at: float | None) -> None:
        content = self._read()
        kept = [[value, about[:_LONGEST]] for value, about in names[:_MOST]]
        content[kind] = {"at": at, "names": kept}
        with suppress(LocalFileProblem):
            write_private(self.path, json.dumps(content), is_lasting=False)
