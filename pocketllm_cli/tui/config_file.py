"""Reads and changes `config.toml` for the app's screens."""

from dataclasses import dataclass
from pathlib import Path

from pocketllm_cli.config_edits import (
    Table,
    add_context,
    remove_context,
    set_value,
    use_context,
)
from pocketllm_cli.contexts import Contexts
from pocketllm_cli.models import Context
from pocketllm_cli.tui.options import TerminalOptions, read_options


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file is read anew for every change, so that nothing of another process is lost.

    Each method raises UsageProblem where the file cannot be understood, and LocalFileProblem
    where it cannot be written; it is then left as it was.
    """

    path: Path

    def contexts(self) -> Contexts:
        """Return what is in the file now."""
        return Contexts.load(self.path)

    def options(self) -> TerminalOptions:
        """Return how the app is wanted; what cannot be is as usual."""
        content = self.contexts()
        return read_options(content.keys, content.terminal)[0]

    def problems(self) -> list[str]:
        """Return what in the file cannot be used, each with its line."""
        content = self.contexts()
        wrong = read_options(content.keys, content.terminal)[1]
        told = [content.problem((each.table, each.name), each.reason) for each in wrong]
        return [*content.problems, *told]

    def set_option(self, name: str, value: str | int | None) -> TerminalOptions:
        """Store how the app is wanted and return the whole; None takes an option out again."""
        return self._store("terminal", name, value)

    def set_keys(self, key_id: str, keys: str | None) -> TerminalOptions:
        """Give an action other keys and return the whole; None gives it the usual ones."""
        return self._store("keys", key_id, keys)

    def use_context(self, name: str) -> None:
        """Make a context the one in use.

        Raises:
            ContextNotFound: There is none of this name.
        """
        use_context(self.path, name)

    def add_context(self, context: Context) -> None:
        """Add a context.

        Raises:
            UsageProblem: The name or an address cannot be one.
        """
        add_context(self.path, context)

    def remove_context(self, name: str) -> None:
        """Remove a context; the embedded one is in use where this one was."""
        remove_context(self.path, name)

    def _store(self, table: Table, name: str, value: str | int | None) -> TerminalOptions:
        set_value(self.path, table, name, value)
        return self.options()
