"""The contexts of `config.toml`, and which of them a command uses: flag, environment, file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pocketllm_cli.errors import ContextNotFound, UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.private_files import write_private
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

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; a missing one is an empty one.

        Raises:
            UsageProblem: It cannot be understood; nothing is changed in it.
        """
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls(path)
        except (OSError, UnicodeDecodeError) as error:
            raise _broken(path, "it cannot be read") from error
        import tomllib  # only where there is a file

        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            last_line = f"at line {text.count(chr(10)) + 1}"
            raise _broken(path, str(error).replace("at end of document", last_line)) from error
        named = content.pop("contexts", {})
        current = content.pop("current", None)
        tables = [_flat(path, name, content.pop(name, {})) for name in _APP_TABLES]
        if content:
            raise _broken(path, f"“{next(iter(content))}” is not a setting")
        if not isinstance(named, dict) or not isinstance(current, str | None):
            raise _broken(path, "“current” must be a name and “contexts” a table")
        contexts = {name: _parse(path, name, row) for name, row in named.items()}
        return cls(path, current, contexts, *tables)

    def save(self) -> None:
        """Write the file anew, whole."""
        lines = ["# Written by `pocketllm context`; comments in here are not kept."]
        if self.current:
            lines.append(f"current = {json.dumps(self.current)}")
        for name in _APP_TABLES:
            if table := getattr(self, name):
                lines += ["", f"[{name}]"]
                lines += [f"{json.dumps(key)} = {json.dumps(table[key])}" for key in table]
        for context in self.named.values():
            lines += ["", f"[contexts.{json.dumps(context.name)}]"]
            for key in ("url", "anon_key", "functions_url"):
                if value := getattr(context, key):
                    lines.append(f"{key} = {json.dumps(value)}")
        write_private(self.path, "\n".join(lines) + "\n")

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


def _parse(path: Path, name: str, row: Any) -> Context:
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        raise _broken(path, f"context “{name}” must be a table of strings")
    if unknown := sorted(row.keys() - _KEYS):
        raise _broken(path, f"context “{name}” has an unknown setting “{unknown[0]}”")
    if not row.get("url") or not row.get("anon_key"):
        raise _broken(path, f"context “{name}” needs url and anon_key")
    check_address(row["url"])
    return Context(name, row["url"].rstrip("/"), row["anon_key"], row.get("functions_url"))


def _flat(path: Path, name: str, table: Any) -> dict[str, str | int]:
    """Return a table whose names may be written with or without quotes: `chat.new = …`."""
    if not isinstance(table, dict):
        raise _broken(path, f"“{name}” must be a table")
    flat: dict[str, str | int] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{end}": each for end, each in _flat(path, name, value).items()}
        elif isinstance(value, str | int):
            flat[key] = value
        else:
            raise _broken(path, f"“{key}” in [{name}] must be a text or a number")
    return flat


def _broken(path: Path, reason: str) -> UsageProblem:
    return UsageProblem(
        f"{path} cannot be used: {reason[0].lower()}{reason[1:]}.",
        hint="Mend or remove the file; it was left as it is.",
    )
