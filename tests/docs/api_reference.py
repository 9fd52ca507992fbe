"""The page about the API of the functions, written from the OpenAPI document that they serve."""

import base64
from collections.abc import Iterator
from typing import Any

from backend_functions.access import verifier_for
from backend_functions.app import Services, function_routes, make_app
from backend_functions.settings import Settings, parse_master_keys

_BOUNDS = (
    ("minLength", "maxLength", "{} to {} characters", "at most {} characters"),
    ("minimum", "maximum", "{} to {}", "at most {}"),
    ("minItems", "maxItems", "{} to {} of them", "at most {} of them"),
)
_HEAD = """# API of the functions

Generated; `make docs` writes it. A server gives the same as `GET /functions/v1/openapi.json`.

Every call needs `Authorization: Bearer <a user's access token>` and answers in JSON; `chat-request`
also as an event stream. What the fields mean together, the events and the bounds are on the page
about [the functions](../functions.md); what is refused, and how, in the
[table of errors](errors.md). Fields that are not listed are refused."""


def openapi_document() -> dict[str, Any]:
    """Return what the functions of a hosted project serve; nothing is connected to."""
    settings = Settings(
        mode="hosted",
        supabase_url="https://project.example",
        database_url="postgresql://localhost/postgres",
        publishable_key="sb_publishable_x",
        secret_key="sb_secret_x",
        master_keys=parse_master_keys(f"m1:{base64.b64encode(bytes(range(32))).decode()}"),
    )
    services = Services.build(settings)
    app = make_app(services, function_routes(services, verifier_for(settings, services.http)))
    return app.openapi()


def render_api() -> str:
    """Return the page."""
    lines = [_HEAD]
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## `{method.upper()} {path}`", "", *_operation(operation)]
    return "\n".join(lines) + "\n"


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    yield " ".join(operation.get("description", f"{operation['summary']}.").split())
    for parameter in operation.get("parameters", ()):
        kind = _kind(parameter["schema"])
        yield from ("", f"`{parameter['name']}`, in the {parameter['in']}: {kind}.")
    if body := operation.get("requestBody"):
        yield from ("", *_body(body["content"]))
    good = sorted(status for status in operation["responses"] if status < "300")
    yield from ("", f"Answers with {', '.join(good)}.")


def _body(content: dict[str, Any]) -> Iterator[str]:
    """Say what is sent: the fields of a JSON object, or else bytes of some types."""
    if fields := content.get("application/json"):
        yield from _fields(fields["schema"])
    else:
        yield f"The body is {', or '.join(content)}."


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield from ("| field | type | needed | |", "|---|---|---|---|")
    for name, field in schema["properties"].items():
        needed = "yes" if name in schema.get("required", ()) else ""
        told = " ".join(field.get("description", "").split())
        yield f"| `{name}` | {_kind(field)} | {needed} | {told} |"


def _kind(schema: dict[str, Any]) -> str:
    """Say a type in words, with its bounds: `string (uuid)`, `number, 0 to 2, or null`."""
    if choices := schema.get("anyOf"):
        return ", or ".join(_kind(each) for each in choices)
    name = schema.get("type", "any value")
    if "format" in schema:
        name += f" ({schema['format']})"
    if "enum" in schema:
        name += ": " + ", ".join(f"`{each}`" for each in schema["enum"])
    if "items" in schema:
        name += f" of {_kind(schema['items'])}"
    return ", ".join([name, *_bounds(schema)])


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    for least, most, both, only_most in _BOUNDS:
        bounds = [f"{schema[key]:,.0f}" for key in (least, most) if key in schema]
        if len(bounds) == 2:
            yield both.format(*bounds)
        elif most in schema:
            yield only_most.format(*bounds)
