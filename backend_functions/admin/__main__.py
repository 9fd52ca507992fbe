"""`python -m backend_functions.admin keys list|rotate|retire ID`, `… migrate`: for operators."""

import argparse
import asyncio
import json
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from backend_functions.admin.key_rings import EmbeddedRing, HostedRing, KeyRing
from backend_functions.admin.keys import KeyTender
from backend_functions.admin.migrations import bring_up, owner_address
from backend_functions.admin.problem import AdminProblem
from backend_functions.db.pool import Database
from backend_functions.embedded.machine_keys import BrokenKeys
from backend_functions.errors import ServiceError
from backend_functions.settings import InvalidSettings


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; returns 0, or 1 with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what fails is told once, below
    try:
        result, text = _migrate(asked) if asked.noun == "migrate" else _tend_keys(asked)
    except AdminProblem as problem:
        return _refuse(problem.message, asked.json, problem.facts)
    except (InvalidSettings, BrokenKeys) as problem:
        return _refuse(str(problem), asked.json)
    except (psycopg.Error, ServiceError, OSError):
        return _refuse("The backend's database or folder cannot be reached.", asked.json)
    print(json.dumps(result) if asked.json else text)
    return 0


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--folder",
        type=Path,
        help="of an embedded backend; else SUPABASE_DB_URL and POCKETLLM_MASTER_KEYS tell",
    )
    shared.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(prog="python -m backend_functions.admin")
    nouns = parser.add_subparsers(dest="noun", required=True)
    migrations = nouns.add_parser(
        "migrate", parents=[shared], help="apply the migrations that are missing"
    )
    only = migrations.add_mutually_exclusive_group()
    only.add_argument("--status", action="store_true", help="only tell what is applied")
    only.add_argument("--dry-run", action="store_true", help="only tell what would be applied")
    keys = nouns.add_parser("keys")
    verbs = keys.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", parents=[shared], help="the master keys, and what they seal")
    verbs.add_parser("rotate", parents=[shared], help="seal everything with a new one")
    retire = verbs.add_parser("retire", parents=[shared], help="take one away that is not needed")
    retire.add_argument("id", help="of the master key")
    return parser


def _migrate(asked: argparse.Namespace) -> tuple[Any, str]:
    address = owner_address(asked.folder and asked.folder.resolve())
    is_wanted = not (asked.status or asked.dry_run)
    report = asyncio.run(bring_up(address, is_wanted=is_wanted))
    return report.as_json(), report.as_text(with_applied=asked.status)


def _tend_keys(asked: argparse.Namespace) -> tuple[Any, str]:
    with ExitStack() as stack:
        ring = _ring(asked.folder, stack, is_change=asked.verb != "list")
        result = asyncio.run(_run(asked, ring))
    return result, _as_text(result)


def _ring(folder: Path | None, stack: ExitStack, *, is_change: bool) -> KeyRing:
    if folder is None:
        return HostedRing.from_environment()
    ring = EmbeddedRing(folder.resolve())
    if is_change:
        stack.enter_context(ring.held())
    return ring


async def _run(asked: argparse.Namespace, ring: KeyRing) -> Any:
    database = Database(ring.database_url, max_size=1)
    await database.open()
    try:
        tender = KeyTender(ring, database)
        if asked.verb == "list":
            return await tender.list_keys()
        if asked.verb == "rotate":
            return await tender.rotate()
        return await tender.retire(asked.id)
    finally:
        await database.close()


def _refuse(message: str, as_json: bool, facts: dict[str, int | str] | None = None) -> int:
    error = {"error": {"message": message, **(facts or {})}}
    print(json.dumps(error) if as_json else message, file=sys.stderr)
    return 1


def _as_text(result: Any) -> str:
    if isinstance(result, list):
        return "\n".join(map(_key_as_text, result))
    if "retired" in result:
        rest = "" if result["is_removed"] else " Remove it from POCKETLLM_MASTER_KEYS."
        return f"Nothing needs {result['retired']} any more.{rest}"
    text = f"Sealed {result['resealed']} stored keys with {result['sealing_key']}."
    if result["failed"]:
        text += f" {result['failed']} do not open and were left as they are."
    return text


def _key_as_text(key: dict[str, Any]) -> str:
    notes = [
        "seals" if key["is_sealing"] else "opens",
        *([] if key["is_configured"] else ["MISSING: these cannot be opened"]),
    ]
    return f"{key['id']}\t{key['rows']} stored keys\t{', '.join(notes)}"


if __name__ == "__main__":
    sys.exit(main())
