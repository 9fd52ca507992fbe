"""Turns one level of an answer into `select`, and what is embedded in it into lateral joins.

The join of an embedded resource gives `rest_value`, the JSON of its row or rows, null where there
is none; then its columns, if they are spread; and the keys the level around it is sorted by.

Source: https://docs.postgrest.org/en/latest/references/api/resource_embedding.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from backend_functions.gateway.rest.build_filters import where_sql
from backend_functions.gateway.rest.catalogue import Catalogue
from backend_functions.gateway.rest.fragments import (
    VALUE,
    Scope,
    Values,
    field_sql,
    ident,
    row_sql,
    table,
    type_sql,
)
from backend_functions.gateway.rest.levels import Child, Level, default_alias
from backend_functions.gateway.rest.tree import Clause, Condition, Field, Ordering, Page, Selected

_JUNCTION = "rest_junction"
_COUNT = Field("count")
_NOTHING = sql.SQL("")
_LISTED = sql.SQL(", ")


@dataclass(frozen=True, slots=True)
class LevelBuilder:
    """Builds the levels of one statement."""

    catalogue: Catalogue
    values: Values
    most: int | None
    """How many rows a level has at most."""

    def rows(
        self, level: Level, source: sql.Composable, joined_on: Iterable[sql.Composable] = ()
    ) -> sql.Composed:
        """Return the `select` of what is shown of `source`, whose rows are `level.scope`.

        Raises:
            UnknownName: A column or a type is not in the catalogue.
        """
        return sql.SQL("select {}{}").format(
            _LISTED.join(self._shown(level)), self._rest(level, source, joined_on)
        )

    def everything(self, level: Level, source: sql.Composable) -> sql.Composed:
        """Return the `select` of all rows without the page, with as few columns as can be."""
        mentioned = set(_names(level.clauses.where))
        joins = [
            self._join(level, child)
            for child in level.children
            if child.asked.inner or child.asked.name in mentioned
        ]
        where = where_sql(level.clauses.where, level.scope, self.values)
        return sql.SQL("select 1 from {}{}{}").format(source, _NOTHING.join(joins), where)

    def _rest(
        self, level: Level, source: sql.Composable, joined_on: Iterable[sql.Composable]
    ) -> sql.Composed:
        """Return everything from ` from` on."""
        return sql.SQL(" from {}{}{}{}{}").format(
            source,
            _NOTHING.join([self._join(level, child) for child in level.children]),
            where_sql(level.clauses.where, level.scope, self.values, joined_on),
            self._order(level),
            self._page(level.clauses.page),
        )

    def _shown(self, level: Level) -> Iterator[sql.Composable]:
        for item in level.columns:
            if isinstance(item, Selected):
                yield self._selected(level.scope, item)
            else:
                yield sql.SQL("{}.*").format(ident(level.scope.alias))
        for child in level.children:
            if child.asked.spread:
                yield from (ident(child.alias, name) for name in child.level.names())
            elif not child.level.is_empty:
                value: sql.Composable = ident(child.alias, VALUE)
                if not child.relationship.is_to_one:
                    value = sql.SQL("coalesce({}, '[]')").format(value)
                yield sql.SQL("{} as {}").format(value, ident(child.asked.name))

    def _selected(self, scope: Scope, item: Selected) -> sql.Composed:
        if item.field == _COUNT and "count" not in scope.relation.columns:
            # What PostgreSQL itself makes of `messages.count`, and clients ask for.
            expression: sql.Composable = sql.SQL("pg_catalog.count(*)")
        else:
            expression = field_sql(scope, item.field, self.values)
        if item.cast is not None:
            wanted = type_sql(self.catalogue.type(item.cast))
            expression = sql.SQL("cast({} as {})").format(expression, wanted)
        name = ident(item.alias or default_alias(item.field))
        return sql.SQL("{} as {}").format(expression, name)

    def _join(self, around: Level, child: Child) -> sql.Composed:
        kind = sql.SQL("inner" if child.asked.inner else "left")
        condition: sql.Composable = sql.SQL("true")
        if child.asked.inner:
            condition = sql.SQL("{} is not null").format(ident(child.alias, VALUE))
        return sql.SQL(" {} join lateral ({}) as {} on {}").format(
            kind, self._embedded(around, child), ident(child.alias), condition
        )

    def _embedded(self, around: Level, child: Child) -> sql.Composed:
        level, way = child.level, child.relationship
        source, joined_on = _way(around.scope, child)
        if way.is_to_one:
            shown = [*self._value_of_one(child), *self._keys(around, child)]
            return sql.SQL("select {}{}").format(
                _LISTED.join(shown), self._rest(level, source, joined_on)
            )
        names = level.names() if child.asked.spread else ()
        spread = [
            sql.SQL("coalesce(pg_catalog.json_agg({}), '[]') as {}").format(
                ident("rest_row", name), ident(name)
            )
            for name in names
        ]
        value = sql.SQL("pg_catalog.json_agg(rest_row.*) as {}").format(ident(VALUE))
        return sql.SQL("select {} from ({}) as rest_row").format(
            _LISTED.join([value, *spread]), self.rows(level, source, joined_on)
        )

    def _value_of_one(self, child: Child) -> list[sql.Composable]:
        shown = list(self._shown(child.level))
        if child.asked.spread or not shown:
            return [sql.SQL("'{{}}'::pg_catalog.json as {}").format(ident(VALUE)), *shown]
        one = sql.SQL(
            "(select pg_catalog.to_json(rest_row.*) from (select {}) as rest_row) as {}"
        ).format(_LISTED.join(shown), ident(VALUE))
        return [one]

    def _keys(self, around: Level, child: Child) -> Iterator[sql.Composable]:
        for number, key in enumerate(around.clauses.order):
            if around.scope.embedded.get(key.embedded or "") == child.alias:
                found = field_sql(child.level.scope, key.field, self.values)
                yield sql.SQL("{} as {}").format(found, ident(f"rest_key_{number}"))

    def _order(self, level: Level) -> sql.Composable:
        keys = [self._key(level.scope, *each) for each in enumerate(level.clauses.order)]
        return sql.SQL(" order by ") + _LISTED.join(keys) if keys else _NOTHING

    def _key(self, scope: Scope, number: int, key: Ordering) -> sql.Composed:
        if key.embedded is None:
            found = field_sql(scope, key.field, self.values)
        else:
            found = ident(scope.embedded[key.embedded], f"rest_key_{number}")
        nulls = {None: "", True: " nulls first", False: " nulls last"}[key.nulls_first]
        direction = sql.SQL(" desc") if key.descending else _NOTHING
        return sql.Composed([found, direction, sql.SQL(nulls)])

    def _page(self, page: Page) -> sql.Composable:
        limits = [limit for limit in (page.limit, self.most) if limit is not None]
        found: sql.Composable = _NOTHING
        if limits:
            found = sql.SQL(" limit {}").format(self.values.bind(str(min(limits))))
        if page.offset:
            found += sql.SQL(" offset {}").format(self.values.bind(str(page.offset)))
        return found


def _way(around: Scope, child: Child) -> tuple[sql.Composable, list[sql.Composable]]:
    """Return what to read an embedded resource from, and how it hangs on the row around it."""
    scope, way = child.level.scope, child.relationship
    if way.is_computed:
        call = sql.SQL("{}({}) as {}").format(table(way.key), row_sql(around), ident(scope.alias))
        return call, []
    source: sql.Composable = sql.SQL("{} as {}").format(table(way.target), ident(scope.alias))
    if way.junction is None:
        return source, [_equal(around.alias, mine, scope.alias, other) for mine, other in way.pairs]
    source = sql.SQL("{}, {} as {}").format(source, table(way.junction.table), ident(_JUNCTION))
    return source, [
        *(_equal(around.alias, mine, _JUNCTION, other) for mine, other in way.junction.to_origin),
        *(_equal(_JUNCTION, mine, scope.alias, other) for mine, other in way.junction.to_target),
    ]


def _equal(alias: str, column: str, other_alias: str, other_column: str) -> sql.Composable:
    return sql.SQL("{} = {}").format(ident(alias, column), ident(other_alias, other_column))


def _names(clauses: Iterable[Clause]) -> Iterator[str]:
    for clause in clauses:
        match clause:
            case Condition():
                yield clause.field.name
            case _:
                yield from _names(clause.members)
