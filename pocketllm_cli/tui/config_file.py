"""Changes `config.toml` for the app's screens; what else is in the file stays in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pocketllm_cli.contexts import Contexts
from pocketllm_cli.models import Context
from pocketllm_cli.tui.options import TerminalOptions


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file is read again before every change, so that nothing of another process is lost.

    Each method raises UsageProblem where the file cannot be understood, and LocalFileProblem
    where it cannot be written; it is then left as it was.
    """

    path: Path

    def contexts(self) -> Contexts:
        """Return what is in the file now."""
        return Contexts.load(self.path)

    def options(self) -> TerminalOptions:
        """Return how the app is wanted."""
        content = self.contexts()
        return TerminalOptions.from_tables(content.keys, content.terminal)

    def set_option(self, name: str, value: str | int | None) -> TerminalOptions:
        """Store how the app is wanted and return the whole; None takes an option out again."""
        content = self.contexts()
        return self._store(replace(content, terminal=_with(content.terminal, name, value)))

    def set_keys(self, key_id: str, keys: str | None) -> TerminalOptions:
        """Give an action other keys and return the whole; None gives it the usual ones."""
        content = self.contexts()
        return self._store(replace(content, keys=_with(content.keys, key_id, keys)))

    def use_context(self, name: str) -> None:
        """Make a context the one in use.

        Raises:
            ContextNotFound: There is none of this name.
        """
        content = self.contexts()
        content.get(name)
        replace(content, current=name).save()

    def add_context(self, context: Context) -> None:
        """Add a context.

        Raises:
            UsageProblem: The name or an address cannot be one.
        """
        self.contexts().with_context(context).save()

    def remove_context(self, name: str) -> None:
        """Remove a context; the embedded one is in use where this one was."""
        self.contexts().without(name).save()

    def _store(self, content: Contexts) -> TerminalOptions:
        options = TerminalOptions.from_tables(content.keys, content.terminal)  # before it is kept
        content.save()
        return options


def _with(
    table: Mapping[str, str | int], name: str, value: str | int | None
) -> dict[str, str | int]:
    kept = {key: each for key, each in table.items() if key != name}
    return kept if value is None else {**kept, name: value}
