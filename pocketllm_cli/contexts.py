"""The contexts of `config.toml`, and which of them a command uses: flag, environment, file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pocketllm_cli.config_document import Place, broken, line_of, read_document
from pocketllm_cli.errors import ContextNotFound, UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.settings import Settings

EMBEDDED: Final = Context("embedded", None, None)
"""The backend on this machine; there without being named anywhere."""
ENVIRONMENT_NAME: Final = "environment"
"""What the backend of POCKETLLM_URL is called; not a name to give."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_APP_TABLES: Final = ("keys", "terminal")
_KEYS: Final = {"url", "anon_key", "functions_url"}
_ADD_HINT: Final = (
    "Example: `pocketllm context add work --url https://… --anon-key sb_publishable_…`."
)


@dataclass(frozen=True, slots=True)
class Contexts:
    """The content of `config.toml`."""

    path: Path
    current: str | None = None
    named: Mapping[str, Context] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    """The table `[keys]`: other keys of the terminal app, by action."""
    terminal: Mapping[str, Any] = field(default_factory=dict)
    """The table `[terminal]`: how the terminal app looks."""
    problems: tuple[str, ...] = ()
    """What is in the file and means nothing; it is kept there."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; a missing one is an empty one.

        Raises:
            UsageProblem: It cannot be understood; nothing is changed in it.
        """
        content, text = read_document(path)
        try:
            return cls._parse(path, content, text)
        except _Wrong as error:
            raise broken(path, error.reason, line_of(text, error.place)) from error

    @classmethod
    def _parse(cls, path: Path, content: Mapping[str, Any], text: str) -> Self:
        named, current = content.get("contexts", {}), content.get("current")
        if not isinstance(current, str | None):
            raise _Wrong(("current",), "“current” must be a name")
        if not isinstance(named, dict):
            raise _Wrong(("contexts",), "“contexts” must be a table")
        contexts = {name: _parse(name, row) for name, row in named.items()}
        keys, terminal = (_flat(content.get(name)) for name in _APP_TABLES)
        read = cls(path, current, contexts, keys, terminal)
        unknown: list[Place] = [
            (name,) for name in content.keys() - {"contexts", "current", *_APP_TABLES}
        ]
        unknown += [
            ("contexts", name, key) for name, row in named.items() for key in row.keys() - _KEYS
        ]
        told = [read.problem(place, "is no setting", text) for place in sorted(unknown)]
        return replace(read, problems=tuple(told))

    def problem(self, place: Place, reason: str, text: str | None = None) -> str:
        """Return what is told of a value that is left aside: where it stands, and why."""
        if text is None:
            text = read_document(self.path)[1]
        line = line_of(text, place) or line_of(text, (place[0], *place[-1].split(".")))
        where = f"{self.path.name}, line {line}" if line else self.path.name
        return f"{where}: “{place[-1]}” {reason}. It is left aside."

    def all(self) -> list[Context]:
        """Return the embedded one and those of the file."""
        return [EMBEDDED, *self.named.values()]

    def get(self, name: str) -> Context:
        """Return the context of this name.

        Raises:
            ContextNotFound: There is none.
        """
        if name == EMBEDDED.name:
            return EMBEDDED
        if name not in self.named:
            raise ContextNotFound(f"There is no context “{name}”.")
        return self.named[name]

    def choose(self, flag: str | None, settings: Settings) -> Context:
        """Return the context to use.

        Raises:
            ContextNotFound: A name without a context.
            UsageProblem: The environment names half a backend.
        """
        if flag:
            return self.get(flag)
        if settings.url:
            return _from_environment(settings.url, settings.anon_key, settings)
        if settings.context:
            return self.get(settings.context)
        if settings.supabase_url and settings.supabase_anon_key:
            return _from_environment(settings.supabase_url, settings.supabase_anon_key, settings)
        return self.get(self.current or EMBEDDED.name)

    def with_context(self, context: Context) -> Self:
        """Return a copy that has this one too; the first one added becomes current.

        Raises:
            UsageProblem: The name or an address cannot be one.
        """
        if context.name in {EMBEDDED.name, ENVIRONMENT_NAME} or not _NAME.fullmatch(context.name):
            raise UsageProblem(
                f"“{context.name}” cannot be the name of a context.",
                hint="Use letters, digits, dots and dashes; not `embedded` or `environment`.",
            )
        check_address(context.url or "")
        if context.functions_url:
            check_address(context.functions_url)
        current = self.current or context.name
        return replace(self, current=current, named={**self.named, context.name: context})

    def without(self, name: str) -> Self:
        """Return a copy without this one; if it was current, the embedded one is."""
        kept = {key: value for key, value in self.named.items() if key != name}
        return replace(self, current=None if self.current == name else self.current, named=kept)


def check_address(url: str) -> None:
    """Refuse an address that tokens must not be sent to.

    Raises:
        UsageProblem: Neither https nor plain http on this machine, or with parts too many.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UsageProblem(f"“{url}” is not an address.", hint=_ADD_HINT) from None
    if not host or parts.username or parts.query or parts.fragment:
        raise UsageProblem(f"“{url}” is not the address of a backend.", hint=_ADD_HINT)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise UsageProblem(
            f"“{url}” is not safe: use https; plain http is taken only on this machine.",
            hint=_ADD_HINT,
        )


def is_local(url: str) -> bool:
    """Say whether an address leads to this machine itself."""
    return is_loopback(urlsplit(url).hostname or "")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _from_environment(url: str, anon_key: str | None, settings: Settings) -> Context:
    if not anon_key:
        raise UsageProblem(
            "POCKETLLM_URL is set but POCKETLLM_ANON_KEY is not.",
            hint="Set both, or neither and use `pocketllm context`.",
        )
    check_address(url)
    if settings.functions_url:
        check_address(settings.functions_url)
    return Context(ENVIRONMENT_NAME, url.rstrip("/"), anon_key, settings.functions_url)


class _Wrong(Exception):
    def __init__(self, place: Place, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(reason)


def _parse(name: str, row: Any) -> Context:
    place = ("contexts", name)
    if not isinstance(row, dict):
        raise _Wrong(place, f"context “{name}” must be a table of strings")
    for key in sorted(row.keys() & _KEYS):
        if not isinstance(row[key], str):
            raise _Wrong((*place, key), f"“{key}” of context “{name}” must be a text")
    if not row.get("url") or not row.get("anon_key"):
        raise _Wrong(place, f"context “{name}” needs url and anon_key")
    try:
        check_address(row["url"])
    except UsageProblem as error:
        raise _Wrong((*place, "url"), error.message.removesuffix(".")) from error
    return Context(name, row["url"].rstrip("/"), row["anon_key"], row.get("functions_url"))


def _flat(table: Any) -> dict[str, Any]:
    """Return a table whose names may be written with or without quotes: `chat.new = …`."""
    flat: dict[str, Any] = {}
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict):
            flat |= {f"{key}.{end}": each for end, each in _flat(value).items()}
        else:
            flat[key] = value
    return flat
