"""The table that a write is about: the rows of a body for it, and the rows that it returns.

What is returned is exactly what the answer needs: a column that the caller may not read does no
harm as long as `select=` leaves it out.
"""

from dataclasses import dataclass, replace

from psycopg import sql

from backend_functions.gateway.rest.body import Rows
from backend_functions.gateway.rest.build_level import LevelBuilder
from backend_functions.gateway.rest.build_read import Wish
from backend_functions.gateway.rest.build_result import body_sql, frame
from backend_functions.gateway.rest.catalogue import Catalogue, Relation
from backend_functions.gateway.rest.errors import unknown_payload_column
from backend_functions.gateway.rest.fragments import (
    Scope,
    Statement,
    Values,
    default_sql,
    ident,
    table,
    type_sql,
)
from backend_functions.gateway.rest.levels import Level, resolve
from backend_functions.gateway.rest.tree import Selected, Star, Tree


@dataclass(frozen=True, slots=True)
class Target:
    """The table that is written, under its own name."""

    catalogue: Catalogue
    relation: Relation
    values: Values

    @property
    def scope(self) -> Scope:
        """Its rows, as a condition may name them."""
        return Scope(self.relation, self.relation.name)

    @property
    def named(self) -> sql.Composed:
        """What stands after `insert into`, `update` and `from`."""
        return sql.SQL("{} as {}").format(table(self.relation.name), ident(self.scope.alias))

    def shown(self, tree: Tree) -> Level:
        """Return what the answer shows of the rows written; filters chose them already."""
        root = replace(tree.root, where=())
        return resolve(
            self.catalogue, self.relation, replace(tree, clauses={**tree.clauses, (): root})
        )

    def rows(self, rows: Rows, *, defaults: bool) -> tuple[sql.Composable, sql.Composable]:
        """Return the `select` of a body's rows, and the list of columns it has.

        Args:
            rows: The body.
            defaults: Give a column its default where a row lacks the key; else null.

        Raises:
            UnknownName: It fills a column there is not (PGRST204).
        """
        relation = self.relation
        for name in rows.columns:
            if name not in relation.columns:
                raise unknown_payload_column(relation.name, name)
        body = self.values.bind(rows.text)
        elements = sql.SQL("pg_catalog.json_array_elements({}::pg_catalog.json)").format(body)
        if not rows.columns:
            return sql.SQL("select from {} as rest_rows").format(elements), sql.SQL("")
        typed = sql.SQL(", ").join(
            sql.SQL("{} {}").format(ident(name), type_sql(relation.columns[name].type))
            for name in rows.columns
        )
        columns = sql.SQL(", ").join(map(ident, rows.columns))
        filled = self._filled(rows.columns) if defaults else columns
        select = sql.SQL(
            "select {} from {} as rest_element(given)"
            " cross join lateral pg_catalog.json_to_record(given) as rest_rows({})"
        ).format(filled, elements, typed)
        return select, columns

    def _filled(self, names: tuple[str, ...]) -> sql.Composed:
        """Return the columns of a body's rows, each with its default where a row lacks the key."""
        return sql.SQL(", ").join(
            sql.SQL(
                "case when given -> {}::pg_catalog.text is null then {} else {} end as {}"
            ).format(
                self.values.bind(name),
                default_sql(self.relation.columns[name]),
                ident("rest_rows", name),
                ident(name),
            )
            for name in names
        )

    def finish(self, level: Level, command: sql.Composable, wish: Wish) -> Statement:
        """Return the whole statement around an `insert`, `update` or `delete`."""
        parts: list[sql.Composable] = [sql.SQL("rest_source as ({})").format(command)]
        if not wish.with_body:
            return Statement(frame(parts, affected=True), self.values.bound)
        source = sql.SQL("rest_source as {}").format(ident(level.scope.alias))
        view = LevelBuilder(self.catalogue, self.values, most=None).rows(level, source)
        parts.append(sql.SQL("rest_view as ({})").format(view))
        text = frame(parts, body=body_sql(wish.media), affected=True)
        return Statement(text, self.values.bound)


def returned_sql(level: Level, wish: Wish) -> sql.Composable:
    """Return the list of table columns that the answer is made of."""
    if not wish.with_body:
        return sql.SQL("1 as written")
    scope = level.scope
    names = [item.field.name for item in level.columns if isinstance(item, Selected)]
    names += [key.field.name for key in level.clauses.order if key.embedded is None]
    for child in level.children:
        names += child.relationship.origin_columns
    found = [scope.relation.column(name).name for name in dict.fromkeys(names)]
    whole_rows = any(child.relationship.is_computed for child in level.children)
    if Star() in level.columns or whole_rows or not set(found) <= set(scope.relation.columns):
        return sql.SQL("{}.*").format(ident(scope.alias))
    columns = [ident(scope.alias, name) for name in found]
    return sql.SQL(", ").join(columns) if columns else sql.SQL("1 as written")
