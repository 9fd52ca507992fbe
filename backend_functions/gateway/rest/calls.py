"""Answers calls of functions, `/rest/v1/rpc/{function}`."""

import re
from dataclasses import replace
from typing import get_args

from starlette.responses import Response

from backend_functions.gateway.rest.answer import respond
from backend_functions.gateway.rest.asked import Asked, Served
from backend_functions.gateway.rest.body import parse_arguments, read_body
from backend_functions.gateway.rest.build_call import build_call
from backend_functions.gateway.rest.catalogue import Catalogue, Function
from backend_functions.gateway.rest.choose_function import Arguments, choose_function
from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.execute import Errand
from backend_functions.gateway.rest.fragments import Statement
from backend_functions.gateway.rest.query import Pairs, parse_query
from backend_functions.gateway.rest.tables import narrow, respond_with_page
from backend_functions.gateway.rest.tree import Operator

_ABOUT_RESULT = frozenset(("select", "order", "limit", "offset", "and", "or"))
_COMPARISON = re.compile(rf"(?:not\.)?(?:{'|'.join(get_args(Operator))})(?:\(\w+\))?\.", re.DOTALL)


async def call_function(served: Served, asked: Asked) -> Response:
    """Answer GET, HEAD and POST of a function."""
    given, pairs = await _split(asked)
    tree = narrow(parse_query(pairs, taken=()).tree, asked.request)
    asked = replace(asked, wish=replace(asked.wish, with_body=asked.request.method != "HEAD"))

    def build(catalogue: Catalogue) -> tuple[Function, Statement]:
        function = choose_function(catalogue, asked.name, given)
        return function, build_call(catalogue, function, given, tree, asked.wish)

    function, statement = await served.catalogue.build(build)
    outcome = await served.run(asked, _errand(asked, function, statement))
    if function.returns_void:
        headers = {"Content-Range": "*/*", **asked.wish.preferences.applied(("count",))}
        return respond(outcome, 204, headers, body=b"")
    return respond_with_page(asked, outcome, tree.root.page)


async def _split(asked: Asked) -> tuple[Arguments, Pairs]:
    """Return the arguments, and the parameters that are about the result."""
    if not asked.is_read:
        body = await read_body(asked.request, with_csv=False)
        return Arguments(tuple(parse_arguments(body)), body=body.decode() or "{}"), asked.pairs
    texts: dict[str, list[str]] = {}
    rest: Pairs = []
    for name, text in asked.pairs:
        if name in _ABOUT_RESULT or "." in name or _COMPARISON.match(text):
            rest.append((name, text))
        else:
            texts.setdefault(name, []).append(text)
    return Arguments(tuple(texts), texts), rest


def _errand(asked: Asked, function: Function, statement: Statement) -> Errand:
    most_rows = None if asked.is_read else asked.wish.preferences.most_rows
    if most_rows is not None and not function.returns_set:
        raise RestError(
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used"
            " with handling=strict",
        )
    return Errand(
        statement,
        asked.is_read or not function.is_volatile,
        asked.wish.media.shape == "object",
        most_rows,
    )
