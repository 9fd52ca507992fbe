"""`pocketllm admin`: maintenance, done by the programs of the backend itself."""

from typing import Annotated, Any, Final

import typer

from pocketllm_cli.app import app_of
from pocketllm_cli.commands import (
    admin_audit,
    admin_backup,
    admin_database,
    admin_jobs,
    admin_retention,
    admin_secret_key,
    admin_stats,
    admin_storage,
    admin_users,
)
from pocketllm_cli.commands.admin_program import hand_over, run_admin_program
from pocketllm_cli.commands.operating import DryRunOption, YesOption, may_go_on
from pocketllm_cli.commands.tree import noun, verb
from pocketllm_cli.errors import UsageProblem

_ROTATES: Final = "This seals all provider keys anew."
_SIGNS_ANEW: Final = "This changes the key that signs tokens."

app = noun("Maintain a backend.", "pocketllm admin keys list")
keys = noun(
    "The master keys that seal provider keys.",
    "pocketllm admin keys list",
    "pocketllm admin keys rotate --yes",
)
app.add_typer(keys, name="keys")
for name, part in {
    "users": admin_users,
    "jobs": admin_jobs,
    "storage": admin_storage,
    "database": admin_database,
    "secret-key": admin_secret_key,
}.items():
    app.add_typer(part.app, name=name)
for holder in (admin_stats, admin_retention, admin_audit, admin_backup):
    app.registered_commands += holder.app.registered_commands


@app.callback()
def admin(ctx: typer.Context) -> None:
    """Maintain a backend.

    On the embedded backend this needs nothing else. For a hosted one the project's secret key is
    read from SUPABASE_SECRET_KEY or the system keyring (`admin secret-key keep`), and for keys and
    migrations SUPABASE_DB_URL (`admin database keep`) and POCKETLLM_MASTER_KEYS.
    """
    if ctx.invoked_subcommand is None:
        app_of(ctx).console.write_line(ctx.get_help())


@keys.callback()
def keys_alone(ctx: typer.Context) -> None:
    """The master keys that seal provider keys."""
    if ctx.invoked_subcommand is None:
        list_keys(ctx)


@verb(keys, "list", "pocketllm admin keys list")
def list_keys(ctx: typer.Context) -> None:
    """List the master keys and how many provider keys each of them seals."""
    hand_over(app_of(ctx), "keys", "list")


@verb(
    keys,
    "rotate",
    "pocketllm admin keys rotate --dry-run",
    "pocketllm admin keys rotate --yes --json",
)
def rotate(ctx: typer.Context, dry_run: DryRunOption = False, yes: YesOption = False) -> None:
    """Seal every provider key with a new master key, while the backend is in use.

    It may be stopped at any point; the same command goes on from there.
    """
    app = app_of(ctx)
    if dry_run:
        hand_over(app, "keys", "rotate", "--dry-run")
    if not yes:
        plan = _plan(run_admin_program(app, ["keys", "rotate", "--dry-run"]))
        if not may_go_on(app, plan, "Seal them anew?", yes=False, danger=_ROTATES):
            return
    hand_over(app, "keys", "rotate")


def _plan(told: dict[str, Any]) -> str:
    plan = f"This would seal {told['resealed']:,} provider keys with {told['sealing_key']}."
    if told["failed"]:
        plan += f" {told['failed']:,} do not open and would be left as they are."
    return plan


@verb(keys, "retire", "pocketllm admin keys retire m1")
def retire(
    ctx: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    yes: YesOption = False,
) -> None:
    """Remove a master key that seals nothing any more."""
    app = app_of(ctx)
    if not app.console.confirm(f"Remove the master key {key_id}?", yes=yes):
        app.console.say("Nothing was changed.")
        return
    hand_over(app, "keys", "retire", operand=key_id)


@verb(app, "migrate", "pocketllm admin migrate --status", "pocketllm admin migrate")
def migrate(
    ctx: typer.Context,
    status: Annotated[bool, typer.Option("--status", help="Only tell what is applied.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be applied.")
    ] = False,
) -> None:
    """Apply the migrations that the backend's database lacks.

    They are those of `supabase db push --workdir sql`, and both agree on what is applied. The
    embedded backend does it by itself when it starts; for a hosted one set SUPABASE_DB_URL to the
    address of the owner's login, or keep that in the keyring: `admin database keep`.
    """
    if status and dry_run:
        raise UsageProblem("--status and --dry-run are two questions.")
    hand_over(app_of(ctx), "migrate", *["--status"] * status, *["--dry-run"] * dry_run)


auth_keys = noun(
    "The keys that sign the embedded backend's access tokens.",
    "pocketllm admin auth-keys list",
    "pocketllm admin auth-keys rotate --yes",
)
app.add_typer(auth_keys, name="auth-keys")


@auth_keys.callback()
def auth_keys_alone(ctx: typer.Context) -> None:
    """The keys that sign the embedded backend's access tokens."""
    if ctx.invoked_subcommand is None:
        list_auth_keys(ctx)


@verb(auth_keys, "list", "pocketllm admin auth-keys list")
def list_auth_keys(ctx: typer.Context) -> None:
    """List the keys that sign tokens, that will, and that did."""
    hand_over(app_of(ctx), "auth-keys", "list")


@verb(auth_keys, "legacy", "pocketllm admin auth-keys legacy")
def print_legacy_keys(ctx: typer.Context) -> None:
    """Print API keys of the older kind, as NAME=value lines; they are secrets."""
    hand_over(app_of(ctx), "auth-keys", "legacy")


@verb(auth_keys, "rotate", "pocketllm admin auth-keys rotate --yes")
def rotate_auth_keys(ctx: typer.Context, yes: YesOption = False) -> None:
    """Sign with the key that stands by; tokens of the old one are good until they end."""
    app = app_of(ctx)
    if not app.console.confirm("Sign tokens with another key?", yes=yes, danger=_SIGNS_ANEW):
        app.console.say("Nothing was changed.")
        return
    hand_over(app, "auth-keys", "rotate")


@verb(auth_keys, "retire", "pocketllm admin auth-keys retire QFYoAGz_wzoHot56C0oIIuluRcByVrPo")
def retire_auth_key(
    ctx: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `auth-keys list` shows it.")],
    yes: YesOption = False,
) -> None:
    """Trust a key that once signed no more: its tokens are refused at once."""
    app = app_of(ctx)
    if not app.console.confirm(f"Refuse every token of the key {key_id}?", yes=yes):
        app.console.say("Nothing was changed.")
        return
    hand_over(app, "auth-keys", "retire", operand=key_id)
