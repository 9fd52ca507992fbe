"""The address a browser is led to when somebody has signed in, and what stands in it. Pure."""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from pocketllm_cli.errors import NotAllowed, UsageProblem
from pocketllm_cli.sanitize import clean_line

_CODE: Final = re.compile(r"[A-Za-z0-9._~-]{8,256}")
_MOST_CHARACTERS: Final = 4096


def path_for(state: str) -> str:
    """Return the path that nobody knows who was not told: the state of one sign-in."""
    return f"/signed-in/{state}"


def code_in(target: str, state: str) -> str:
    """Return the code in an address, or in its path and query, that this sign-in ended at.

    Raises:
        NotAllowed: The sign-in was refused; the message says why, in the auth service's words.
        UsageProblem: It is another address.
    """
    parts = _split(target)
    if parts.path != path_for(state):
        raise _no_address("That is the address of another sign-in.")
    query = parse_qs(parts.query)
    if "error" in query or "error_code" in query:
        said = query.get("error_description") or query.get("error_code") or query["error"]
        raise NotAllowed(
            f"The sign-in was refused: {clean_line(said[0])[:200]}",
            hint="Try `pocketllm login --browser` again.",
        )
    codes = query.get("code", [])
    if len(codes) != 1 or not _CODE.fullmatch(codes[0]):
        raise _no_address("There is no code in that address.")
    return codes[0]


def code_in_paste(text: str, state: str) -> str:
    """Return the code in what a person pasted: the whole address, or the code alone.

    Raises:
        NotAllowed: The sign-in was refused.
        UsageProblem: It is neither.
    """
    pasted = text.strip()
    if _CODE.fullmatch(pasted):
        return pasted
    return code_in(pasted, state)


def _split(target: str) -> SplitResult:
    if len(target) > _MOST_CHARACTERS:
        raise _no_address("That is too long for an address.")
    try:
        return urlsplit(target)
    except ValueError as error:
        raise _no_address("That is no address.") from error


def _no_address(message: str) -> UsageProblem:
    return UsageProblem(
        message, hint="Copy the whole address of the page at which the browser ended."
    )
