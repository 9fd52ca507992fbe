"""A line to a server that loses what it is told to lose."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class BadLine:
    """Carries bytes, until a request that it has to lose the answer of.

    Args:
        loses: What stands in such a request.
        after_bytes: How much of the answer still comes.
        times: How often, then it is a good line.
    """

    to_port: int
    loses: bytes
    after_bytes: int = 0
    times: int = 1
    port: int = 0
    lost: int = 0
    sockets: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to_port))
                self.sockets += [near, far]
                limit = [-1]
                for work in (self._carry_there, self._carry_back):
                    thread = threading.Thread(target=work, args=(near, far, limit))
                    thread.start()
                    self.threads.append(thread)

    def _carry_there(self, near: socket.socket, far: socket.socket, limit: list[int]) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                if self.loses in data and self.lost < self.times:
                    self.lost += 1
                    limit[0] = self.after_bytes
                far.sendall(data)
        _close(near, far)

    def _carry_back(self, near: socket.socket, far: socket.socket, limit: list[int]) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if limit[0] >= 0:
                    near.sendall(data[: limit[0]])
                    limit[0] -= len(data)
                    if limit[0] <= 0:
                        break
                else:
                    near.sendall(data)
        _close(near, far)


@contextmanager
def bad_line(to_port: int, loses: bytes, after_bytes: int = 0, times: int = 1) -> Iterator[BadLine]:
    """Lay such a line; it is taken away afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = BadLine(to_port, loses, after_bytes, times, listener.getsockname()[1])
        server = threading.Thread(target=line.serve, args=(listener,))
        server.start()
        try:
            yield line
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            _close(*line.sockets)
            for thread in (server, *line.threads):
                thread.join()


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
