"""Answers requests for the rows of a table or view."""

import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from backend_functions.gateway.rest.answer import content_range, location, page_status, respond
from backend_functions.gateway.rest.asked import Asked, Served
from backend_functions.gateway.rest.body import parse_rows, read_body
from backend_functions.gateway.rest.build_read import build_read
from backend_functions.gateway.rest.build_upsert import build_put
from backend_functions.gateway.rest.build_write import build_delete, build_insert, build_update
from backend_functions.gateway.rest.catalogue import Catalogue
from backend_functions.gateway.rest.compared import put_in_values, take_out_values
from backend_functions.gateway.rest.errors import bad_range
from backend_functions.gateway.rest.execute import Errand, Outcome
from backend_functions.gateway.rest.fragments import Statement
from backend_functions.gateway.rest.media import Media
from backend_functions.gateway.rest.query import parse_query
from backend_functions.gateway.rest.tree import Page, Tree

_RANGE = re.compile(r"(\d{1,18})-(\d{1,18})?")


async def read_rows(served: Served, asked: Asked) -> Response:
    """Answer GET and HEAD: the rows, or only how many there are."""
    pairs, values = take_out_values(asked.pairs)

    def make(catalogue: Catalogue) -> tuple[Statement, Page]:
        tree = narrow(parse_query(pairs, taken=()).tree, asked.request)
        return build_read(catalogue, asked.name, tree, asked.wish), tree.root.page

    statement, page = await served.catalogue.build_once(asked.key(pairs), make)
    outcome = await served.run(asked, _errand(asked, put_in_values(statement, values)))
    return respond_with_page(asked, outcome, page)


def respond_with_page(asked: Asked, outcome: Outcome, page: Page) -> Response:
    """Return rows and which of all rows they are.

    Raises:
        RestError: The page begins behind the end (PGRST103).
    """
    total = outcome.total
    if total is not None and outcome.rows:
        total = max(total, page.offset + outcome.rows)  # an estimate may fall short
    status = page_status(page.offset, outcome.rows, total)
    headers = {
        "Content-Type": asked.wish.media.content_type,
        "Content-Range": content_range(page.offset, outcome.rows, total),
        **asked.wish.preferences.applied(("count",)),
    }
    return respond(outcome, status, headers, body=outcome.body)


def narrow(tree: Tree, request: Request) -> Tree:
    """Return the tree with its page cut to what a `Range` header asks for.

    Raises:
        RestError: The range ends before it begins (PGRST103).
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.method != "GET":
        return tree
    first, last = int(found[1]), None if found[2] is None else int(found[2])
    if last is not None and last < first:
        raise bad_range(
            "The lower boundary must be lower than or equal to the upper boundary"
            " in the Range header."
        )
    page = _overlap(tree.root.page, first, last)
    return replace(tree, clauses={**tree.clauses, (): replace(tree.root, page=page)})


def _overlap(page: Page, first: int, last: int | None) -> Page:
    offset = max(page.offset, first)
    ends = [] if page.limit is None else [page.offset + page.limit]
    ends += [] if last is None else [last + 1]
    return Page(max(min(ends) - offset, 0) if ends else None, offset)


async def insert_rows(served: Served, asked: Asked) -> Response:
    """Answer POST: new rows, or an upsert."""
    query = parse_query(asked.pairs, taken=("columns", "on_conflict"))
    rows = parse_rows(await read_body(asked.request), query.columns)
    only_keys = asked.wish.preferences.returning == "headers-only"
    wish = replace(asked.wish, media=Media(), with_body=True) if only_keys else asked.wish
    statement = await served.catalogue.build(
        lambda catalogue: build_insert(catalogue, asked.name, query, rows, wish)
    )
    outcome = await served.run(asked, _errand(asked, statement))
    headers = _write_headers(asked, outcome, ("resolution", "missing", "return"), shown=False)
    if only_keys:
        headers |= location(asked.name, outcome.body)
    merged = asked.wish.preferences.resolution == "merge-duplicates"
    status = 200 if merged and outcome.updated >= outcome.rows else 201
    return respond(outcome, status, headers, body=b"" if only_keys else outcome.body)


async def put_row(served: Served, asked: Asked) -> Response:
    """Answer PUT: the one row with the key in the URL is made, or becomes what the body says.

    Raises:
        RestError: The body's key is another (PGRST115).
    """
    query = parse_query(asked.pairs, taken=("columns",))
    rows = parse_rows(await read_body(asked.request), query.columns)
    statement = await served.catalogue.build(
        lambda catalogue: build_put(catalogue, asked.name, query, rows, asked.wish)
    )
    outcome = await served.run(asked, replace(_errand(asked, statement), is_put=True))
    headers = asked.wish.preferences.applied(("return",))
    if not asked.wish.with_body:
        return respond(outcome, 204, headers, body=b"")
    headers["Content-Type"] = asked.wish.media.content_type
    return respond(outcome, 200 if outcome.updated else 201, headers, body=outcome.body)


async def update_rows(served: Served, asked: Asked) -> Response:
    """Answer PATCH: changes to the rows that the filters leave."""
    query = parse_query(asked.pairs, taken=("columns",))
    rows = parse_rows(await read_body(asked.request), query.columns)
    statement = await served.catalogue.build(
        lambda catalogue: build_update(catalogue, asked.name, query, rows, asked.wish)
    )
    outcome = await served.run(asked, _errand(asked, statement, limited=True))
    headers = _write_headers(asked, outcome, ("missing", "return", "max-affected"), shown=True)
    return respond(outcome, 200 if asked.wish.with_body else 204, headers, body=outcome.body)


async def delete_rows(served: Served, asked: Asked) -> Response:
    """Answer DELETE: the rows that the filters leave are removed."""
    query = parse_query(asked.pairs, taken=())
    statement = await served.catalogue.build(
        lambda catalogue: build_delete(catalogue, asked.name, query, asked.wish)
    )
    outcome = await served.run(asked, _errand(asked, statement, limited=True))
    headers = _write_headers(asked, outcome, ("return", "max-affected"), shown=False)
    return respond(outcome, 200 if asked.wish.with_body else 204, headers, body=outcome.body)


def _errand(asked: Asked, statement: Statement, *, limited: bool = False) -> Errand:
    return Errand(
        statement,
        asked.is_read,
        asked.wish.media.shape == "object",
        asked.wish.preferences.most_rows if limited else None,
    )


def _write_headers(
    asked: Asked, outcome: Outcome, applied: tuple[str, ...], *, shown: bool
) -> dict[str, str]:
    preferences = asked.wish.preferences
    total = None if preferences.count is None else outcome.rows
    headers = {
        "Content-Range": content_range(0, outcome.rows if shown else 0, total),
        **preferences.applied((*applied, "count")),
    }
    if asked.wish.with_body:
        headers["Content-Type"] = asked.wish.media.content_type
    return headers
