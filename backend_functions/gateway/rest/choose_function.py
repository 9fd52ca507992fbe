"""Finds the function a call means among those of its name.

Source: https://docs.postgrest.org/en/latest/references/api/functions.html#overloaded-functions
"""

from collections.abc import Mapping
from dataclasses import dataclass

from backend_functions.gateway.rest.catalogue import JSON_TYPES, Catalogue, Function, nearest
from backend_functions.gateway.rest.errors import RestError, UnknownName


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call gives: texts from a query string, or a JSON object with these keys.

    A name of a query string may stand there several times, for an argument that takes the rest.
    """

    names: tuple[str, ...]
    texts: Mapping[str, list[str]] | None = None
    body: str = "{}"


def choose_function(catalogue: Catalogue, name: str, given: Arguments) -> Function:
    """Return the one function of this name that takes exactly these arguments.

    Raises:
        UnknownName: There is none (PGRST202).
        RestError: There are several (PGRST203).
    """
    named = [each for each in catalogue.functions.get(name, ()) if each.is_callable]
    fitting = [function for function in named if _takes(function, given.names)]
    if not fitting and given.texts is None:
        fitting = [function for function in named if _takes_json(function)]
    if not fitting:
        raise _no_function(catalogue, name, given, named)
    if len(fitting) > 1:
        raise _too_many(name, fitting)
    return fitting[0]


def _takes(function: Function, names: tuple[str, ...]) -> bool:
    accepted = {argument.name for argument in function.arguments}
    required = {argument.name for argument in function.arguments if argument.required}
    return required <= set(names) <= accepted


def _takes_json(function: Function) -> bool:
    return (
        len(function.arguments) == 1
        and not function.arguments[0].name
        and function.arguments[0].type.name in JSON_TYPES
    )


def _no_function(
    catalogue: Catalogue, name: str, given: Arguments, named: list[Function]
) -> UnknownName:
    names = ", ".join(sorted(given.names))
    shown = f"({names})" if given.names else " without parameters"
    searched = f" with parameter{'s' * (len(given.names) > 1)} {names}"
    searched = searched if given.names else " without parameters"
    if given.texts is None:
        searched += " or with a single unnamed json/jsonb parameter"
    if named:
        lists = [", ".join(sorted(each.name for each in one.arguments)) for one in named]
        like = nearest(names, lists, cutoff=0.33)
        like = None if like is None else f"{name}({like})"
    else:
        like = nearest(name, _callable_names(catalogue))
    return UnknownName(
        "PGRST202",
        f"Could not find the function public.{name}{shown} in the schema cache",
        details=f"Searched for the function public.{name}{searched},"
        " but no matches were found in the schema cache.",
        hint=f"Perhaps you meant to call the function public.{like}" if like else None,
    )


def _callable_names(catalogue: Catalogue) -> list[str]:
    return [
        name
        for name, functions in catalogue.functions.items()
        if any(function.is_callable for function in functions)
    ]


def _too_many(name: str, functions: list[Function]) -> RestError:
    lists = sorted([(each.name, each.shown_type) for each in one.arguments] for one in functions)
    shown = (
        f"public.{name}({', '.join(f'{argument} => {kind}' for argument, kind in one)})"
        for one in lists
    )
    return RestError(
        "PGRST203",
        f"Could not choose the best candidate function between: {', '.join(shown)}",
        hint="Try renaming the parameters or the function itself in the database so function"
        " overloading can be resolved",
    )
