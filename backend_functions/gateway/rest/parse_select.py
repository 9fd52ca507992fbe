"""Reads `select=`: columns, renames, casts, JSON paths and embedded resources."""

import re

from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.reader import Reader
from backend_functions.gateway.rest.tree import Embedded, Field, Item, Selected, Star

_MAX_DEPTH = 20
_CAST = re.compile(r"[\w ]+(?:\[\])?")
_AGGREGATE = re.compile(r"(?:\.(?:avg|sum|max|min)|\.?count)\(\)")
_SPACES = re.compile(r"\s+")


def parse_select(text: str) -> tuple[Item, ...]:
    """Return what a result row is made of, in order; nothing for an empty text.

    Raises:
        RestError: It does not parse (PGRST100) or aggregates (PGRST123).
    """
    reader = Reader("select parameter", text)
    items = _items(reader, depth=0)
    reader.expect_end()
    return items


def _items(reader: Reader, depth: int) -> tuple[Item, ...]:
    if depth > _MAX_DEPTH:
        raise reader.fail("fewer levels of embedding")
    items: list[Item] = []
    if reader.at_end or reader.peek(")"):
        return ()
    while True:
        reader.match(_SPACES)
        items.append(_item(reader, depth))
        reader.match(_SPACES)
        if not reader.take(","):
            return tuple(items)


def _item(reader: Reader, depth: int) -> Item:
    if reader.take("*"):
        return Star()
    if reader.take("..."):
        return _embedded(reader, reader.name().strip(), None, depth, spread=True)
    _refuse_aggregate(reader)
    name, alias = reader.name().strip(), None
    if reader.peek(":") and not reader.peek("::"):
        reader.take(":")
        alias = name
        _refuse_aggregate(reader)
        name = reader.name().strip()
    if reader.peek("!") or reader.peek("("):
        return _embedded(reader, name, alias, depth)
    return _selected(reader, name, alias)


def _selected(reader: Reader, name: str, alias: str | None) -> Selected:
    field = Field(name, reader.steps())
    cast = _cast(reader)
    _refuse_aggregate(reader)
    return Selected(field, alias, cast)


def _cast(reader: Reader) -> str | None:
    if not reader.take("::"):
        return None
    cast = reader.match(_CAST)
    if cast is None:
        raise reader.fail("a type")
    return cast.strip()


def _embedded(
    reader: Reader, name: str, alias: str | None, depth: int, *, spread: bool = False
) -> Embedded:
    hint, inner = None, False
    while reader.take("!"):
        modifier = reader.name().strip()
        if modifier in ("inner", "left"):
            inner = modifier == "inner"
        else:
            hint = modifier
    reader.expect("(")
    items = _items(reader, depth + 1)
    reader.expect(")")
    return Embedded(name, items, alias, hint, inner, spread)


def _refuse_aggregate(reader: Reader) -> None:
    if reader.match(_AGGREGATE) is not None:
        raise RestError("PGRST123", "Use of aggregate functions is not allowed")
