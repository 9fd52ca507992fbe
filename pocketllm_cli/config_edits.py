"""What is changed in `config.toml`: contexts, and the tables of the terminal app."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Literal

from pocketllm_cli.config_document import edited
from pocketllm_cli.contexts import Contexts
from pocketllm_cli.models import Context

Table = Literal["keys", "terminal"]


def use_context(path: Path, name: str) -> None:
    """Make a context the one in use.

    Raises:
        ContextNotFound: There is none of this name.
    """
    with edited(path) as document:
        Contexts.load(path).get(name)
        document["current"] = name


def add_context(path: Path, context: Context) -> Contexts:
    """Add a context, or replace the one of this name; return what is in the file then.

    Raises:
        UsageProblem: The name or an address cannot be one.
    """
    import tomlkit

    Contexts.load(path).with_context(context)  # nothing is made where it cannot be one
    with edited(path) as document:
        changed = Contexts.load(path).with_context(context)
        table: Any = document.get("contexts")
        if table is None:
            table = document["contexts"] = tomlkit.table(is_super_table=True)
        values = {name: getattr(context, name) for name in ("url", "anon_key", "functions_url")}
        row = table.get(context.name)
        if row is None:
            row = table[context.name] = tomlkit.table()
        for name, value in values.items():
            _set(row, name, value)
        _set(document, "current", changed.current)
    return changed


def remove_context(path: Path, name: str) -> None:
    """Remove a context; the embedded one is in use where this one was."""
    with edited(path) as document:
        changed = Contexts.load(path).without(name)
        table = document.get("contexts", {})
        table.pop(name, None)
        if not table:
            document.pop("contexts", None)
        _set(document, "current", changed.current)


def set_value(path: Path, table: Table, name: str, value: str | int | None) -> None:
    """Store a value of the terminal app; None takes it out again.

    Args:
        name: As it stands in the table; one with a dot may also stand there as `chat.new = …`.
    """
    with edited(path) as document:
        values: Any = document.setdefault(table, {})
        group, _, own = name.partition(".")
        if own and isinstance(values.get(group), MutableMapping) and own in values[group]:
            values, name = values[group], own
        _set(values, name, value)


def _set(table: Any, name: str, value: str | int | None) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
