"""`pocketllm` for hundreds of commands: one process has it loaded, and forks.

A program `pocketllm` on the PATH hands its arguments, folder, environment and open files to that
process; what runs there is the same `main()`. So a command costs what it does, not its imports.

`python -m tests.support.warm_commands SOCKET` is the process; it ends with its standard input.
"""

import gc
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TextIO

import pocketllm_cli
from pocketllm_cli import cli

# What commands load when they come to need it; but not keyring, which looks at the environment.
_LOADED_LATER = (
    *("anyio._backends._asyncio", "filelock", "h2.connection", "httpcore", "importlib.metadata"),
    *("supabase_auth", "tomlkit", "tomllib", "typer", "websockets.asyncio.client"),
)
_PROGRAM = """#!{python} -IS
import _socket, array, posix, sys

encode = lambda text: text.encode(sys.getfilesystemencoding(), "surrogateescape")
wire = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
wire.connect({socket!r})
told = (
    b"\\0".join(map(encode, sys.argv[1:])),
    posix.getcwdb(),
    b"\\0".join(name + b"=" + value for name, value in posix.environ.items()),
)
message = b"\\1".join(told)
files = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", (0, 1, 2)))]
wire.sendmsg([len(message).to_bytes(4, "big")], files)
wire.sendall(message)
posix._exit(int.from_bytes(wire.recv(1) or b"F", "big"))
"""


@contextmanager
def warm_pocketllm(program: Path, folder: Path) -> Iterator[None]:
    """Write the program, and have it answered until the end."""
    address = folder / "warm.socket"
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(address)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # no terminal: a command finds the one it is handed
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        program.write_text(_PROGRAM.format(python=sys.executable, socket=str(address)))
        program.chmod(0o755)
        yield
    finally:
        process.communicate()


def serve(address: str) -> None:
    """Answer one fork a command."""
    for module in pkgutil.walk_packages(pocketllm_cli.__path__, "pocketllm_cli."):
        if not module.name.startswith("pocketllm_cli.tui") and "__main__" not in module.name:
            import_module(module.name)
    for name in _LOADED_LATER:
        import_module(name)
    gc.freeze()  # a fork shares the pages that its collector leaves alone
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            wire, _ = listener.accept()
            if os.fork() == 0:
                os._exit(_run(wire))
            wire.close()
    os.killpg(0, signal.SIGTERM)  # a command that goes on for ever goes no further than the tests


def _run(wire: socket.socket) -> int:
    size, files, _, _ = socket.recv_fds(wire, 4, 3)
    told = b""
    while len(told) < int.from_bytes(size, "big"):
        told += wire.recv(65536)
    arguments, folder, environment = told.split(b"\1")
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environb.clear()
    for setting in environment.split(b"\0"):
        name, _, value = setting.partition(b"=")
        os.environb[name] = value
    sys.stdin, sys.stdout, sys.stderr = map(_as_at_a_start, (0, 1, 2))
    code = 0
    try:
        cli.main([os.fsdecode(each) for each in arguments.split(b"\0")] if arguments else [])
    except SystemExit as ended:
        code = int(ended.code or 0)
    sys.stdout.flush()
    wire.sendall(bytes([code]))
    return code


def _as_at_a_start(number: int) -> TextIO:
    """Open one of the three as a new interpreter does: it looks anew whether it is a terminal."""
    return open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # to its end


if __name__ == "__main__":
    serve(sys.argv[1])
