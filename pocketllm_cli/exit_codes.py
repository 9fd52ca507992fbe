"""The page `docs/exit-codes.md`, written from `ExitCode`: python -m pocketllm_cli.exit_codes."""

from pocketllm_cli.errors import ExitCode, PocketLLMError


def render_exit_codes() -> str:
    """Return the page as Markdown."""
    lines = ["# Exit codes", "", "Scripts may rely on these numbers.", ""]
    lines += ["| Code | Meaning | `code` of the error with `--json` |", "|---|---|---|"]
    for member in ExitCode:
        lines.append(f"| {member.value} | {member.meaning} | {_codes_of(member)} |")
    lines += [
        "",
        "An error that ends an answer of which something came ends with 7, whatever its `code`.",
        "A closed pipe (`pocketllm … | head -1`) ends quietly with 0. An answer that was cut at",
        "the model config's `max_tokens` ends with 0 and a note on stderr.",
        "`pocketllm backend status` ends with 0 whether the backend runs or not.",
    ]
    return "\n".join(lines) + "\n"


def _codes_of(exit_code: ExitCode) -> str:
    kinds = _all_kinds(PocketLLMError)
    found = {kind.code for kind in kinds if kind.exit_code is exit_code}
    return ", ".join(f"`{code}`" for code in sorted(found))


def _all_kinds(kind: type[PocketLLMError]) -> list[type[PocketLLMError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _all_kinds(child))]


if __name__ == "__main__":
    print(render_exit_codes(), end="")
