"""`pocketllm chats`: one function per verb."""

from typing import Annotated, Final

import typer

from pocketllm_cli.api.client import Api
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import Page, local_time
from pocketllm_cli.commands import (
    chat_archive,
    chat_files,
    chat_follow,
    chat_page,
    chat_removal,
    chat_search,
    chat_versions,
)
from pocketllm_cli.commands.chat_page import ChatArgument
from pocketllm_cli.commands.suggestions import chat_names
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.models import Chat
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.titles import check_title

_USUAL_LIMIT: Final = 20
_NONE_ARCHIVED: Final = "The archive is empty. Put a chat away: pocketllm chats archive ID"
_NO_CHATS: Final = 'No chats yet. Ask something: pocketllm ask "What is a monad?"'

app = noun("Work with your chats.", "pocketllm chats", "pocketllm chats show last")
verb(
    app,
    "show",
    "pocketllm chats show last",
    "pocketllm chats show 3f2a --all",
    "pocketllm chats show 3f2a --json",
)(chat_page.show)
verb(
    app,
    "search",
    "pocketllm chats search northern lights",
    "pocketllm chats search '\"exit code\" or status -draft' --limit 5",
    "pocketllm chats search monad --json | jq -r '.[].line'",
)(chat_search.search)
verb(app, "follow", "pocketllm chats follow last", "pocketllm chats follow 3f2a --raw")(
    chat_follow.follow
)
verb(app, "fork", "pocketllm chats fork last", "pocketllm chats fork 3f2a --at 91bc")(
    chat_versions.fork
)
verb(
    app,
    "delete",
    "pocketllm chats delete 3f2a 77c1",
    "pocketllm chats delete last --yes",
    "pocketllm chats delete 3f2a --forever",
)(chat_removal.delete)
verb(app, "restore", "pocketllm chats restore", "pocketllm chats restore last")(
    chat_removal.restore
)
verb(app, "archive", "pocketllm chats archive 3f2a 77c1", "pocketllm chats archive last")(
    chat_archive.archive
)
verb(app, "unarchive", "pocketllm chats list --archived", "pocketllm chats unarchive 3f2a")(
    chat_archive.unarchive
)
verb(
    app,
    "export",
    "pocketllm chats export last > chat.md",
    "pocketllm chats export 3f2a --format html > chat.html",
    "pocketllm chats export --all --format json > chats.json",
)(chat_files.export)
verb(
    app,
    "import",
    "pocketllm chats import chats.json",
    "pocketllm chats import chatgpt.zip --dry-run",
    'pocketllm chats import "$(llm logs path)"',
)(chat_files.import_)
verb(app, "versions", "pocketllm chats versions last")(chat_versions.versions)
verb(app, "use-version", "pocketllm chats use-version 91bc")(chat_versions.use_version)


@app.callback()
def chats(ctx: typer.Context) -> None:
    """Work with your chats."""
    if ctx.invoked_subcommand is None:
        list_chats(ctx, _USUAL_LIMIT)


@verb(
    app,
    "list",
    "pocketllm chats list --limit 5",
    "pocketllm chats list --search oslo",
    "pocketllm chats list --json | jq '.[].title'",
)
def list_chats(
    ctx: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")
    ] = _USUAL_LIMIT,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="TEXT", help="Only those where it stands, best first."),
    ] = None,
    archived: Annotated[
        bool, typer.Option("--archived", help="Those put away, instead of the others.")
    ] = False,
) -> None:
    """List your chats, the one used last first."""
    app = app_of(ctx)
    if search is not None:
        _list_found(app, search, limit, is_archived=archived)
        return
    chats = app.run(lambda api: api.chats.newest(limit, is_archived=archived))
    if archived:
        app.console.emit(chats, lambda chats, page: _list_as_text(chats, page, _NONE_ARCHIVED))
        return
    app.remembered.add("chats", *chat_names(chats))
    app.console.emit(chats, _list_as_text)


def _list_found(app: App, search: str, limit: int, *, is_archived: bool) -> None:
    query = chat_search.check_query(search)

    async def work(api: Api) -> list[Chat]:
        found = await api.chats.of_ids(await api.search.chat_ids(query, limit=limit))
        return [chat for chat in found if not is_archived or chat.archived_at]

    nothing = chat_search.nothing_found(query)
    app.console.emit(app.run(work), lambda chats, page: _list_as_text(chats, page, nothing))


@verb(app, "new", 'pocketllm chats new "Trip to Oslo"')
def new(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="[TITLE]", help="What to call it.")] = "New chat",
) -> None:
    """Make an empty chat."""
    app = app_of(ctx)
    wanted = check_title(title)
    chat = app.run(lambda api: api.chats.create(wanted))
    app.remembered.add("chats", *chat_names([chat]))
    app.console.emit(chat, lambda chat, page: f"Made {chat.id} “{clean_line(chat.title)}”.")


@verb(app, "rename", 'pocketllm chats rename last "Trip to Oslo"')
def rename(
    ctx: typer.Context,
    chat_id: ChatArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="1 to 120 characters.")],
) -> None:
    """Give a chat another title."""
    wanted = check_title(title)

    async def work(api: Api) -> Chat:
        return await api.chats.rename(await api.chats.find(chat_id), wanted)

    app = app_of(ctx)
    renamed = app.run(work)
    app.remembered.add("chats", *chat_names([renamed]))
    app.console.emit(renamed, lambda chat, page: f"Renamed to “{clean_line(chat.title)}”.")


def _list_as_text(chats: list[Chat], page: Page, nothing: str = _NO_CHATS) -> str:
    if not chats:
        return nothing
    rows = [(chat.id[:8], local_time(chat.updated_at), chat.title) for chat in chats]
    return page.table(("ID", "USED", "TITLE"), rows)
