"""`python -m backend_functions.admin keys|auth-keys list|rotate|retire|…`, `… migrate`."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

import psycopg

from backend_functions.admin.copying import add_copying, copy, sweep_storage
from backend_functions.admin.key_rings import EmbeddedRing, HostedRing, KeyRing
from backend_functions.admin.keys import KeyTender
from backend_functions.admin.migrations import bring_up, owner_address
from backend_functions.admin.noting import noted, noted_at
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.token_keys import TokenKeyTender
from backend_functions.db.pool import Database
from backend_functions.embedded.machine_keys import BrokenKeys
from backend_functions.errors import ServiceError
from backend_functions.sealing import KeySealer
from backend_functions.settings import InvalidSettings

if TYPE_CHECKING:
    from backend_functions.admin.handing_over import HandedOver

_HANDS_OVER = "seal the keys of an account for the configs of the same name at this backend"


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; returns 0, or 1 with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what fails is told once, below
    try:
        result, text = _NOUNS[asked.noun](asked)
    except AdminProblem as problem:
        return _refuse(problem.message, asked.json, problem.facts)
    except (InvalidSettings, BrokenKeys) as problem:
        return _refuse(str(problem), asked.json)
    except OSError as error:
        return _refuse(_told(error), asked.json)
    except (psycopg.Error, ServiceError):
        return _refuse("The backend's database cannot be reached.", asked.json)
    return _tell(json.dumps(result) if asked.json else text)


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
    helps = {
        "keys": ("the master keys, and what they seal", "seal everything with a new one"),
        "auth-keys": ("the keys that sign tokens", "let the one that stands by sign"),
    }
    for noun, (listed, rotated) in helps.items():
        verbs = nouns.add_parser(noun).add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", parents=[shared], help=listed)
        rotate = verbs.add_parser("rotate", parents=[shared], help=rotated)
        retire = verbs.add_parser("retire", parents=[shared], help="take away what is not needed")
        retire.add_argument("id", help="of the key")
        if noun == "keys":
            rotate.add_argument("--dry-run", action="store_true", help="only count them")
            _add_hand_over(verbs.add_parser("hand-over", parents=[shared], help=_HANDS_OVER))
    verbs.add_parser("legacy", parents=[shared], help="print API keys of the older kind")
    add_copying(nouns, shared)
    return parser


def _add_hand_over(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from-user", type=UUID, required=True, help="id of the account there")
    parser.add_argument("--to-user", type=UUID, required=True, help="id of the account here")
    parser.add_argument(
        "--from-folder", type=Path, required=True, help="of the embedded backend that has the keys"
    )


def _migrate(asked: argparse.Namespace) -> tuple[Any, str]:
    address = owner_address(asked.folder and asked.folder.resolve())
    report = asyncio.run(bring_up(address, is_wanted=False))
    if not (asked.status or asked.dry_run):
        with ExitStack() as stack:
            details: dict[str, Any] = {}
            if report.pending:
                asked_for = {"pending": len(report.pending)}
                details = stack.enter_context(noted_at(address, "migrate", asked_for))
            report = asyncio.run(bring_up(address, is_wanted=True))
            details["applied"] = len(report.pending)
    return report.as_json(), report.as_text(with_applied=asked.status)


def _tend_keys(asked: argparse.Namespace) -> tuple[Any, str]:
    if asked.verb == "hand-over":
        return _hand_over(asked)
    with ExitStack() as stack:
        ring = _ring(asked.folder, stack, is_change=_changes(asked))
        result = asyncio.run(_run(asked, ring))
    return result, _as_text(result, is_done=_changes(asked))


def _changes(asked: argparse.Namespace) -> bool:
    return asked.verb == "retire" or (asked.verb == "rotate" and not asked.dry_run)


def _hand_over(asked: argparse.Namespace) -> tuple[Any, str]:
    here, there = asked.from_folder.resolve(), asked.folder and asked.folder.resolve()
    if here == there:
        raise AdminProblem("Both are the same backend.")
    with ExitStack() as stack:  # nobody takes a master key away meanwhile
        source = _ring(here, stack, is_change=True)
        target = _ring(there, stack, is_change=True)
        outcome = asyncio.run(_hand_over_between(asked, source, target))
    lines = [f"Handed over: {', '.join(outcome.handed_over) or 'no keys'}."]
    lines += [f"{name}: {reason}" for name, reason in outcome.left.items()]
    return asdict(outcome), "\n".join(lines)


async def _hand_over_between(
    asked: argparse.Namespace, source: KeyRing, target: KeyRing
) -> "HandedOver":
    # It comes with the whole web framework, which costs every other command half a second.
    from backend_functions.admin.handing_over import Holder, hand_over_keys

    async with AsyncExitStack() as stack:
        holders = []
        for ring, user_id in ((source, asked.from_user), (target, asked.to_user)):
            database = Database(ring.database_url, max_size=1)
            await database.open()
            stack.push_async_callback(database.close)
            holders.append(Holder(database, KeySealer(ring.read()), user_id))
        return await hand_over_keys(*holders)


def _tend_auth_keys(asked: argparse.Namespace) -> tuple[Any, str]:
    if asked.folder is None:
        raise AdminProblem("A hosted project signs its tokens itself. Rotate in its dashboard.")
    with ExitStack() as stack:
        ring = EmbeddedRing(asked.folder.resolve())
        if asked.verb not in ("rotate", "retire"):
            return _token_keys(asked, TokenKeyTender(ring))
        stack.enter_context(ring.held())
        with noted_at(owner_address(asked.folder.resolve()), f"auth-keys {asked.verb}") as details:
            told, text = _token_keys(asked, TokenKeyTender(ring))
            details |= told
        return told, text


def _token_keys(asked: argparse.Namespace, tender: TokenKeyTender) -> tuple[Any, str]:
    match asked.verb:
        case "list":
            listed = tender.list_keys()
            return listed, "\n".join(map(_token_key_as_text, listed))
        case "legacy":
            keys = tender.legacy_keys()
            return keys, "\n".join(f"{name}={key}" for name, key in keys.items())
        case "rotate":
            rotated = tender.rotate()
            return rotated, f"Tokens are signed with {rotated['signing_key']} from now on."
        case _:
            retired = tender.retire(asked.id)
            return retired, f"Tokens of {retired['retired']} are refused from now on."


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
        if not _changes(asked):
            return await tender.plan_rotation()
        async with noted(database, f"keys {asked.verb}") as told:
            told |= await (tender.rotate() if asked.verb == "rotate" else tender.retire(asked.id))
        return told
    finally:
        await database.close()


def _tell(text: str) -> int:
    try:
        print(text, flush=True)
    except OSError as error:
        # What is still unwritten goes nowhere, so that the end of the interpreter is quiet.
        with Path(os.devnull).open("wb") as sink:
            os.dup2(sink.fileno(), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        print(f"The output could not be written: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _told(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or 'it cannot be read or written'}."


def _refuse(message: str, as_json: bool, facts: dict[str, int | str] | None = None) -> int:
    error = {"error": {"message": message, **(facts or {})}}
    print(json.dumps(error) if as_json else message, file=sys.stderr)
    return 1


def _as_text(result: Any, *, is_done: bool) -> str:
    if isinstance(result, list):
        return "\n".join(map(_key_as_text, result))
    if "retired" in result:
        rest = "" if result["is_removed"] else " Remove it from POCKETLLM_MASTER_KEYS."
        return f"Nothing needs {result['retired']} any more.{rest}"
    deed, left = ("Sealed", "were left") if is_done else ("Would seal", "would be left")
    text = f"{deed} {result['resealed']} stored keys with {result['sealing_key']}."
    if result["failed"]:
        text += f" {result['failed']} do not open and {left} as they are."
    return text


def _key_as_text(key: dict[str, Any]) -> str:
    notes = [
        "seals" if key["is_sealing"] else "opens",
        *([] if key["is_configured"] else ["MISSING: these cannot be opened"]),
    ]
    return f"{key['id']}\t{key['rows']} stored keys\t{', '.join(notes)}"


def _token_key_as_text(key: dict[str, Any]) -> str:
    note = ""
    if key["until"] is not None:
        note = f" until {datetime.fromtimestamp(key['until'], UTC).isoformat()}"
    return f"{key['id']}\t{key['state']}{note}"


_NOUNS = {
    "migrate": _migrate,
    "keys": _tend_keys,
    "auth-keys": _tend_auth_keys,
    "storage": sweep_storage,
    **dict.fromkeys(("backup", "verify", "restore", "keep-restored", "take-back"), copy),
}


def _end(number: int, frame: object) -> NoReturn:
    """End as an exception does: what lies about half made is removed, and nothing is printed."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, _end)
    sys.exit(main())
