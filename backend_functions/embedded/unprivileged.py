"""A launcher: gives up root, ties its life to its parent's, and becomes another program.

Run as a script, never imported: `python -I unprivileged.py HOW PARENT PROGRAM [ARG…]`.
HOW is `same` (the caller is nobody special), `namespace:UID:GID` (a user namespace in which this
user's files belong to UID; the paths stay as closed to other users as they are) or `user:UID:GID`
(a real change of user). PostgreSQL refuses to run as root, hence the latter two.
"""

import ctypes
import os
import signal
import sys

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def enter_namespace(uid: int, gid: int) -> None:
    """Become `uid` in a user namespace of its own, which maps to this very user outside.

    Raises:
        OSError: The system does not permit it.
    """
    real_uid, real_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not permitted here")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {real_uid} 1"),
        ("gid_map", f"{gid} {real_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def change_user(uid: int, gid: int) -> None:
    """Become another user for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(parent: int) -> None:
    """Ask for SIGINT (PostgreSQL's fast shutdown) when the parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def main(how: str, parent: str, *command: str) -> None:
    """Give up root as told, then become the command."""
    kind, *ids = how.split(":")
    if kind == "namespace":
        enter_namespace(int(ids[0]), int(ids[1]))
    elif kind == "user":
        change_user(int(ids[0]), int(ids[1]))
    die_with_parent(int(parent))
    os.execv(command[0], list(command))  # noqa: S606 - the caller names the program by its path


if __name__ == "__main__":
    main(*sys.argv[1:])
