"""Describes what the data API serves, for the holder of a secret key."""

from collections.abc import Iterable
from typing import Any

from backend_functions import __version__
from backend_functions.gateway.rest.catalogue import Catalogue, Column, Function, TypeName

_JSON_TYPES = {
    "bool": "boolean",
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "float4": "number",
    "float8": "number",
    "numeric": "number",
}


def describe(catalogue: Catalogue) -> dict[str, Any]:
    """Return an OpenAPI 2.0 document of the tables, views and functions there are."""
    tables = {
        f"/{name}": {method: _operation(name) for method in ("get", "post", "patch", "delete")}
        for name in sorted(catalogue.relations)
    }
    calls = {
        f"/rpc/{name}": {"post": {"tags": [f"(rpc) {name}"], **_arguments(functions[-1])}}
        for name, functions in sorted(catalogue.functions.items())
    }
    return {
        "swagger": "2.0",
        "info": {"title": "PocketLLM data API", "version": __version__},
        "basePath": "/rest/v1",
        "consumes": ["application/json", "text/csv", "application/x-www-form-urlencoded"],
        "produces": ["application/json", "text/csv", "application/vnd.pgrst.object+json"],
        "paths": tables | calls,
        "definitions": {
            name: {"type": "object", "properties": _properties(relation.columns.values())}
            for name, relation in sorted(catalogue.relations.items())
        },
    }


def _operation(table: str) -> dict[str, Any]:
    rows = {"type": "array", "items": {"$ref": f"#/definitions/{table}"}}
    return {"tags": [table], "responses": {"200": {"description": "OK", "schema": rows}}}


def _arguments(function: Function) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {each.name: _property(each.type) for each in function.arguments},
        "required": [each.name for each in function.arguments if each.required],
    }
    return {
        "parameters": [{"in": "body", "name": "args", "required": True, "schema": schema}],
        "responses": {"200": {"description": "OK"}},
    }


def _properties(columns: Iterable[Column]) -> dict[str, Any]:
    return {column.name: _property(column.type) for column in columns}


def _property(name: TypeName) -> dict[str, str]:
    json_type = "array" if name.name.startswith("_") else _JSON_TYPES.get(name.name, "string")
    return {"type": json_type, "format": name.name}
