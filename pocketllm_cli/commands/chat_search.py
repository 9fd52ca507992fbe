"""`pocketllm chats search`: words in all messages and titles, best first."""

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from pocketllm_cli.api.identifiers import is_whole_id
from pocketllm_cli.app import App, app_of
from pocketllm_cli.columns import local_time
from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.found_lines import found_line
from pocketllm_cli.models import Found
from pocketllm_cli.sanitize import clean_line

_WHO: Final = {"user": "You", "assistant": "Answer", "system": "System prompt", None: "Title"}
_BOLD: Final = ("\x1b[1m", "\x1b[22m")
_PLAIN: Final = ("**", "**")
_MOST_SHOWN: Final = 200
"""Characters of a query that are said again."""
_EXAMPLE: Final = 'Example: `pocketllm chats search "northern lights"`.'


def search(
    ctx: typer.Context,
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help='Words; "a phrase", or, -without. All must fit.'),
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="ID", help="Go on after this result (its `id`)."),
    ] = None,
) -> None:
    """Search all messages and titles, best first, and show the matching line of each.

    The last word may be the beginning of one. Nothing in TEXT can be wrong: what is no word and
    no operator is passed over. Put `--` before a text that begins with a dash.
    """
    app = app_of(ctx)
    query = check_query(" ".join(text))
    if after is not None and not is_whole_id(after):
        raise UsageProblem(f"“{after}” is not the id of a result.", hint="`--json` shows ids.")
    found = app.run(lambda api: api.search.all(query, limit=limit, after_id=after))
    if app.invocation.as_json:
        app.console.write_json([_record(each) for each in found], indent=2)
        return
    app.console.write_pages(_as_text(found, query, _marks(app)))
    if len(found) == limit:
        app.console.narrate(f"There may be more: add --after {found[-1].id}")


def check_query(text: str) -> str:
    """Return what to look for.

    Raises:
        UsageProblem: There is nothing.
    """
    if not text.strip():
        raise UsageProblem("There is nothing to look for.", hint=_EXAMPLE)
    return text


def nothing_found(query: str) -> str:
    """Say that nothing fits."""
    line = clean_line(query)
    shown = line if len(line) <= _MOST_SHOWN else line[: _MOST_SHOWN - 1] + "…"
    return f"Nothing was found for “{shown}”."


def _marks(app: App) -> tuple[str, str]:
    plain = app.settings.is_dumb_terminal or app.settings.no_colour
    return _BOLD if app.console.is_terminal and not plain else _PLAIN


def _record(found: Found) -> dict[str, Any]:
    line = found_line(found.snippet)
    record = asdict(found)
    del record["snippet"]
    return record | {"line": line.text, "hits": [list(hit) for hit in line.hits]}


def _as_text(found: list[Found], query: str, marks: tuple[str, str]) -> str:
    """Return two lines for each; all text from outside is clean, as the marks are not."""
    if not found:
        return nothing_found(query) + "\n"
    return "\n".join(f"{_heading(each)}\n    {_line(each, marks)}" for each in found) + "\n"


def _heading(found: Found) -> str:
    who = _WHO.get(found.role) or clean_line(str(found.role))
    notes = [found.chat_id[:8], (found.message_id or "-")[:8].ljust(8)]
    return "  ".join([*notes, local_time(found.created_at), f"{clean_line(found.title)} ({who})"])


def _line(found: Found, marks: tuple[str, str]) -> str:
    return found_line(found.snippet).marked(*marks)
