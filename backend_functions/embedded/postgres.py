"""Owns one PostgreSQL cluster: makes it, starts it, stops it.

It listens on loopback only, for passwords only (SCRAM), with no Unix socket: nothing of it is
open to another local user, and no path can be too long for a socket's name.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from backend_functions.embedded.account import Account
from backend_functions.embedded.files import open_log, write_private

SUPERUSER = "supabase_admin"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "password_encryption": "scram-sha-256",
    "wal_level": "logical",
    "max_wal_senders": "8",
    "max_replication_slots": "8",
    # A reader of changes that lags further behind loses its slot; the disk is not filled for it.
    "max_slot_wal_keep_size": "256MB",
    "jit": "off",
    "log_min_error_statement": "panic",  # a failed statement may hold what a user wrote
    "log_parameter_max_length_on_error": "0",
}


class PostgresFailed(Exception):
    """PostgreSQL could not be made or started; the message ends with what it said itself."""


class OtherVersion(PostgresFailed):
    """The cluster is of another major version, whose files these programs cannot read."""

    def __init__(self, made_by: int, ours: int) -> None:
        super().__init__(
            f"PostgreSQL {made_by} made its data, and this installation has PostgreSQL {ours}."
            " Nothing was changed."
        )
        self.hint = (
            "Install the version of PocketLLM that you had, run `pocketllm admin backup FILE`"
            " there, then with this one `pocketllm admin restore FILE`."
            if made_by < ours
            else "A newer PocketLLM made it: `pip install --upgrade 'pocketllm[local]'`."
        )


class Postgres:
    """One cluster and, while it runs, its process."""

    def __init__(self, account: Account, *, log: Path, password: str) -> None:
        self._account = account
        self._log = log
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        # One thread starts every process and lives as long as we do: Linux sends the signal that
        # ties a child to its parent when the parent's *thread* ends.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="postgres")

    def create(self) -> None:
        """Make the cluster unless it is there; a broken attempt leaves none.

        Raises:
            OtherVersion: It is there, made by another major version.
            PostgresFailed: `initdb` failed, for instance on a full disk.
        """
        cluster = self._account.cluster
        if (cluster / "PG_VERSION").exists():
            self._check_version()
            return
        draft = cluster.with_name(f"{cluster.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        password_file = cluster.with_name("password")
        write_private(password_file, self._password)
        if self._account.owner is not None:
            os.chown(password_file, *self._account.owner)
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        draft.replace(cluster)

    def _check_version(self) -> None:
        made_by = "".join(_read_lines(self._account.cluster / "PG_VERSION"))
        # Not as the account: to tell its version it needs nothing, and root may ask.
        told = subprocess.run(  # noqa: S603
            [str(self._account.programs / "postgres"), "--version"], capture_output=True, text=True
        )
        ours = re.search(r"\) (\d+)", told.stdout)
        if ours and made_by.isdecimal() and made_by != ours[1]:
            raise OtherVersion(int(made_by), int(ours[1]))

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        command = self._account.command(
            "initdb",
            *("--pgdata", str(folder), "--username", SUPERUSER, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
            *("--locale-provider", "builtin", "--locale", "C.UTF-8"),
        )
        done = subprocess.run(command, capture_output=True)  # noqa: S603
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            raise PostgresFailed(_last_line(done.stderr.decode(errors="replace")))

    def start(self, port: int, *, wait_seconds: float = 30.0) -> None:
        """Start the cluster, after ending one that an earlier server left behind.

        Blocks until it accepts connections.

        Raises:
            PostgresFailed: It ended, or was not ready in time.
        """
        stop_leftover(self._account.cluster)
        deadline = time.monotonic() + wait_seconds
        while True:
            self._process = self._starter.submit(self._spawn, port).result()
            if self._wait_until_ready(deadline):
                return
            # Killed backends of an earlier server may hold its shared memory for a moment more.
            if time.monotonic() > deadline - wait_seconds + 5.0:
                self.kill()
                raise PostgresFailed(_last_line(self._log.read_text(errors="replace")))
            time.sleep(0.2)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | {"port": str(port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = self._account.command("postgres", "-D", str(self._account.cluster), *options)
        log = open_log(self._log)
        try:
            return subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal is for us, not for it
            )
        finally:
            os.close(log)

    def _wait_until_ready(self, deadline: float) -> bool:
        assert self._process is not None
        pid_file = self._account.cluster / "postmaster.pid"
        while self._process.poll() is None and time.monotonic() < deadline:
            lines = _read_lines(pid_file)
            if len(lines) >= 8 and lines[0] == str(self._process.pid) and "ready" in lines[7]:
                return True
            time.sleep(0.005)
        return False

    @property
    def cluster(self) -> Path:
        """The folder of the cluster."""
        return self._account.cluster

    @property
    def is_running(self) -> bool:
        """Whether the process that was started still lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self, *, wait_seconds: float = 10.0) -> None:
        """Stop in order: connections are ended, everything is written."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Stop at once; the next start recovers from the log."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def stop_leftover(cluster: Path, *, wait_seconds: float = 10.0) -> None:
    """End a PostgreSQL that still runs on this cluster, and clear away a pid file nobody owns.

    The caller holds the backend's lock, so whatever still runs here was left by a dead server.
    """
    pid_file = cluster / "postmaster.pid"
    lines = _read_lines(pid_file)
    if not lines:
        return
    try:
        process = psutil.Process(int(lines[0]))
        is_ours = str(cluster) in process.cmdline()
    except (ValueError, psutil.Error):
        is_ours = False
    if is_ours:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(wait_seconds)
        except psutil.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(wait_seconds)
    else:
        pid_file.unlink(missing_ok=True)


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if "FATAL" in line or "error" in line.lower()]
    return lines[-1].strip() if lines else "PostgreSQL said nothing."
