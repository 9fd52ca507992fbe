"""How commands hang together: names loaded on use, aliases, and options that all of them take."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, Final, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from pocketllm_cli.app import app_of
from pocketllm_cli.commands.coercion import coerce_late
from pocketllm_cli.commands.suggestions import suggest_contexts

Work = TypeVar("Work", bound=Callable[..., Any])

_ALIASES: Final = {"ls": ("list",), "rm": ("remove", "delete")}


class Entry(NamedTuple):
    """A command that is imported when it is called; `summary` is the first line of its help."""

    module: str
    summary: str
    attribute: str = "app"


class TakesOptionsEverywhere:
    """Adds the options that all commands take, and honours `--json` for a bad command line too."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        settings["params"] = coerce_late([*(settings.get("params") or ()), *everywhere()])
        super().__init__(*args, **settings)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; when that fails, find out whether the error is to be told as JSON."""
        parser: Any = super()
        try:
            rest: list[str] = parser.parse_args(ctx, list(args))
        except typer.TyperException:
            self.note_json(ctx, args)
            raise
        return rest

    def note_json(self, ctx: Any, args: list[str]) -> None:
        """Look for `--json` in a command line that cannot be parsed as a whole."""
        ctx.resilient_parsing = ctx.ignore_unknown_options = ctx.allow_interspersed_args = True
        parser: Any = self
        options, _, _ = parser.make_parser(ctx).parse_args(args=list(args))
        app_of(ctx).invocation.as_json |= bool(options.get("as_json"))

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option `--help`, which writes as everything else does."""
        parent: Any = super()
        option = parent.get_help_option(ctx)
        option.callback = _show_help
        return coerce_late([option])[0]


class Command(TakesOptionsEverywhere, TyperCommand):
    """One command."""


class Group(TakesOptionsEverywhere, TyperGroup):
    """Several commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; for one that is not there, find out how to say so."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException:
            self.note_json(ctx, args)
            raise


class NounGroup(Group):
    """The verbs of one noun, which may also be called `ls` and `rm`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb, or what its alias stands for."""
        for name in _ALIASES.get(args[0], ()):
            if args[0] not in self.commands and name in self.commands:
                args = [name, *args[1:]]
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The whole tree: help and completion come from the table, a command from its module."""

    table: ClassVar[dict[str, Entry]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in self.table.items():
            self.commands[name] = TyperCommand(
                name, help=entry.summary, short_help=entry.summary, rich_markup_mode=None
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(self.table[name]) if name in self.table else command, rest


def load_command(entry: Entry) -> Any:
    """Import a command or noun."""
    return get_command(getattr(import_module(entry.module), entry.attribute))


def noun(summary: str, *example_lines: str) -> typer.Typer:
    """Make the group of a noun; its callback decides what the noun alone does."""
    return typer.Typer(
        cls=NounGroup,
        help=summary,
        epilog=examples(*example_lines),
        add_completion=False,
        invoke_without_command=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def single() -> typer.Typer:
    """Make the holder of a command that belongs to no noun."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def verb(holder: typer.Typer, name: str, *example_lines: str) -> Callable[[Work], Work]:
    """Register a function as a command; its docstring is the help, the examples end it."""
    return holder.command(name, cls=Command, epilog=examples(*example_lines))


def examples(*lines: str) -> str:
    """Lay out the examples at the end of a command's help."""
    return "\n".join(
        ["\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {x}" for x in lines)]
    )


@cache
def everywhere() -> tuple[Any, ...]:
    """Return the options that every command takes, before it and after it."""
    template = typer.Typer(add_completion=False, rich_markup_mode=None)
    template.command()(_options)
    return tuple(get_command(template).params)


def _show_help(ctx: typer.Context, option: Any, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        app_of(ctx).console.write_line(ctx.get_help())
        raise typer.Exit


def _setter(field: str) -> Callable[[typer.Context, Any], None]:
    def store(ctx: typer.Context, value: Any) -> None:
        if value:
            setattr(app_of(ctx).invocation, field, value)

    return store


def _options(
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON on stdout, and errors as JSON on stderr.",
            callback=_setter("as_json"),
            expose_value=False,
            is_eager=True,
        ),
    ] = False,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="NAME",
            help="Use this context's backend.",
            autocompletion=suggest_contexts,
            callback=_setter("context_name"),
            expose_value=False,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "-q",
            "--quiet",
            help="Say nothing on stderr but warnings and errors.",
            callback=_setter("quiet"),
            expose_value=False,
            is_eager=True,
        ),
    ] = False,
    no_pager: Annotated[
        bool,
        typer.Option(
            "--no-pager",
            help="Print what is longer than the screen at once.",
            callback=_setter("no_pager"),
            expose_value=False,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Write a log, without secrets, and name its file.",
            callback=_setter("debug"),
            expose_value=False,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Carry the declarations above."""
