"""Spares commands Typer's way of finding out that text is text.

Typer builds a pydantic adapter for every parameter that is not a flag, given or not. Importing
pydantic takes 77 ms, a quarter of all that `pocketllm ask` takes. A value that is of its type
already (text, a default, nothing) is passed on; only a number from the command line goes Typer's
way. A test sees to it that `ask` and the lists do without pydantic.
"""

from typing import Any, get_args


class LateCoercion:
    """Coerces a parameter's value, by Typer's own rules where there is something to do."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value in the type that the parameter's annotation names."""
        annotation = param.type_descriptor.annotation
        is_list = param.multiple or param.nargs == -1
        if is_list and value is None:
            return ()
        kind = get_args(annotation)[0] if is_list else annotation
        values = value if is_list else (value,)
        if all(item is None or isinstance(item, kind) for item in values):
            return value
        from typer._coercion import build_runtime_param  # brings in pydantic

        return build_runtime_param(param.type_descriptor).coerce(value, param=param, ctx=ctx)


def coerce_late(params: list[Any]) -> list[Any]:
    """Make the parameters of a command find out late what they need."""
    for param in params:
        param._runtime_param = LateCoercion()
    return params
