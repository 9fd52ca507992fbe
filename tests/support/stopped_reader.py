"""Readers in a process of their own that can be stopped: `python -m tests.support.stopped_reader`.

Takes JSON on stdin: `port`, `request` (the bytes to send, as text), `count`. Sends the request over
so many connections, reads the beginning of each response, says `reading`, and reads no more.
"""

import json
import signal
import socket
import sys


def main() -> None:
    told = json.load(sys.stdin)
    connections = []
    for _ in range(told["count"]):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", told["port"]))
        connection.sendall(told["request"].encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 200")
        connections.append(connection)
    print("reading", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
