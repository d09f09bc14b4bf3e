"""Runs inside the lab: asks for a page over a bridge by a real obfs4 client, and says whether it came.

A pluggable transport says where its SOCKS port is, and takes a bridge's arguments for name and password (pt-spec,
sections 3.3 and 3.5); obfs4proxy dials once it has them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys

MOST = 255  # bytes of a name or a password in RFC 1929


def _asked(near: socket.socket, host: str, port: int, said: bytes) -> bytes:
    """What a server says over the bridge, up to its end."""
    near.sendall(b"\5\1\2")
    near.recv(2)
    name, password = said[:MOST], said[MOST:] or b"\0"
    near.sendall(b"\1" + bytes([len(name)]) + name + bytes([len(password)]) + password)
    near.recv(2)
    kind, family = (4, socket.AF_INET6) if ":" in host else (1, socket.AF_INET)
    near.sendall(bytes([5, 1, 0, kind]) + socket.inet_pton(family, host) + port.to_bytes(2, "big"))
    if near.recv(10)[1:2] != b"\0":
        return b""
    near.sendall(b"GET / HTTP/1.0\r\n\r\n")
    return b"".join(iter(lambda: near.recv(4096), b""))


def main() -> None:
    """Arguments: the bridge's address, port and arguments, and how long to wait."""
    host, port, said, within = sys.argv[1:]
    transport = {"TOR_PT_MANAGED_TRANSPORT_VER": "1", "TOR_PT_STATE_LOCATION": ".", "TOR_PT_CLIENT_TRANSPORTS": "obfs4"}
    with subprocess.Popen(["obfs4proxy"], env={**os.environ, **transport}, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        said_first = next(line for line in program.stdout if line.startswith(b"CMETHOD obfs4 socks5 "))
        _, _, at = said_first.split()[3].decode().partition(":")
        near = socket.create_connection(("127.0.0.1", int(at)), timeout=float(within))
        with near, contextlib.suppress(TimeoutError, ConnectionError):
            sys.stdout.write("came" if b" 200 " in _asked(near, host, int(port), said.encode()) else "")
        program.kill()


main()
