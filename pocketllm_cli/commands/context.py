"""`pocketllm context`: which backends there are and which one is used."""

from typing import Annotated, Any

import typer

from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page
from pocketllm_cli.commands.suggestions import suggest_contexts
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.config_edits import add_context, remove_context, use_context
from pocketllm_cli.contexts import EMBEDDED
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.remembered import Remembered

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The context's name.", autocompletion=suggest_contexts),
]
NewNameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]

app = noun("Choose between backends.", "pocketllm context", "pocketllm context use work")


@app.callback()
def context(ctx: typer.Context) -> None:
    """Choose between backends."""
    if ctx.invoked_subcommand is None:
        list_contexts(ctx)


@verb(app, "list", "pocketllm context list", "pocketllm context list --json")
def list_contexts(ctx: typer.Context) -> None:
    """List the contexts; a star marks the one in use."""
    app = app_of(ctx)
    records = [_record(app, context) for context in app.contexts.all()]
    if app.context.name not in {record["name"] for record in records}:
        records.append(_record(app, app.context))
    app.console.emit(records, _list_as_text)


@verb(app, "show", "pocketllm context show", "pocketllm context show work")
def show(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Else the one in use.", autocompletion=suggest_contexts
        ),
    ] = None,
) -> None:
    """Show one context."""
    app = app_of(ctx)
    context = app.contexts.get(name) if name else app.context
    app.console.emit(_record(app, context), lambda record, page: page.fields(list(record.items())))


@verb(
    app,
    "add",
    "pocketllm context add work --url https://abc.supabase.co --anon-key sb_publishable_...",
)
def add(
    ctx: typer.Context,
    name: NewNameArgument,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The project's address.")],
    anon_key: Annotated[
        str, typer.Option("--anon-key", metavar="KEY", help="Its publishable (public) key.")
    ],
    functions_url: Annotated[
        str | None,
        typer.Option("--functions-url", metavar="URL", help="If its functions are elsewhere."),
    ] = None,
) -> None:
    """Add a hosted backend; the first one added becomes the one in use."""
    if anon_key.startswith("sb_secret_"):
        raise UsageProblem(
            "That is a secret key, which must not be stored here.",
            hint="Use the project's publishable key (sb_publishable_…).",
        )
    app = app_of(ctx)
    functions_url = functions_url.rstrip("/") if functions_url else None
    context = Context(name, url.rstrip("/"), anon_key, functions_url)
    contexts = add_context(app.paths.config_file, context)
    hint = (
        "It is in use from now on: sign in with `pocketllm login`,"
        " or go back with `pocketllm context use embedded`."
    )
    if contexts.current != name:
        hint = f"Use it with `pocketllm context use {name}`."
    app.console.emit(_record(app, context), lambda record, page: f"Added {name}. {hint}")


@verb(app, "use", "pocketllm context use work", "pocketllm context use embedded")
def use(ctx: typer.Context, name: NameArgument) -> None:
    """Make a context the one in use."""
    app = app_of(ctx)
    context = app.contexts.get(name)
    use_context(app.paths.config_file, name)
    record = {**_record(app, context), "is_current": True}
    app.console.emit(record, lambda record, page: f"Using {name} from now on.")


@verb(app, "remove", "pocketllm context remove work --yes")
def remove(
    ctx: typer.Context,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a context and its session from this machine; the backend keeps its data."""
    app = app_of(ctx)
    if name == EMBEDDED.name:
        raise UsageProblem(
            "The embedded context cannot be removed.",
            hint="`pocketllm backend reset` deletes everything in it.",
        )
    context = app.contexts.get(name)
    if not app.console.confirm(f"Remove the context {name} and its session?", yes=yes):
        app.console.say("Nothing was removed.")
        return
    app.store.remove(name)
    Remembered.of(app.paths.names, name).forget()
    remove_context(app.paths.config_file, name)
    app.console.emit(_record(app, context), lambda record, page: f"Removed {name}.")


def _record(app: App, context: Context) -> dict[str, Any]:
    url = context.url
    if context.is_embedded and (endpoint := app.embedded.endpoint_if_ready()):
        url = endpoint.url
    return {
        "name": context.name,
        "url": url,
        "functions_url": context.functions_url,
        "is_current": context.name == app.context.name,
    }


def _list_as_text(records: list[dict[str, Any]], page: Page) -> str:
    rows = [
        ("*" if record["is_current"] else " ", record["name"], record["url"] or "on this machine")
        for record in records
    ]
    return page.table((" ", "NAME", "URL"), rows)
