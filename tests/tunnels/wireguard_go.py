"""In a network namespace of its own: wireguard-go as a server, and a path through it to a host behind it.

Run as a program, it prints what came back of a stream and of a datagram, as JSON. The server is WireGuard's own code
for user space, told what to do by its own interface (wireguard.com/xplatform); nothing of sing-box is in it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator

from harness.lab.net import netlink, syscalls
from tests.tunnels.ways import PEER, SERVER_KEY, WIREGUARD, echoed, hop, opened, returned, target

NAME, PORT = "wgtest", 51820
SOCKET = pathlib.Path("/var/run/wireguard") / f"{NAME}.sock"
BEHIND = "10.66.0.1"
PATIENCE = 10.0


def main() -> None:
    """The whole of it."""
    syscalls.unshare(syscalls.CLONE_NEWNET | syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    SOCKET.parent.mkdir(parents=True, exist_ok=True)
    syscalls.mount("tmpfs", SOCKET.parent, "tmpfs")
    with netlink.Rtnetlink() as kernel:
        kernel.do([netlink.raise_link(socket.if_nametoindex("lo"))])
        with serving():
            index = socket.if_nametoindex(NAME)
            kernel.do([netlink.raise_link(index), netlink.address(index, socket.inet_aton(BEHIND))])
            # all of them go there: sing-box lies down where there is no default route at all
            kernel.do([netlink.route(index, family=socket.AF_INET)])
            print(json.dumps(asyncio.run(through())))


@contextlib.contextmanager
def serving() -> Iterator[None]:
    """The server, for as long as it is needed."""
    told = os.environ | {"LOG_LEVEL": "error"}
    with subprocess.Popen(("wireguard-go", "-f", NAME), env=told, stderr=subprocess.DEVNULL) as running:
        try:
            configure()
            yield
        finally:
            running.kill()


def configure() -> None:
    """Its key, its port and its one peer."""
    lines = [f"private_key={hexed(SERVER_KEY)}", f"listen_port={PORT}"]
    lines += [f"public_key={hexed(PEER)}", "allowed_ip=10.66.0.2/32"]
    until = time.monotonic() + PATIENCE
    while not SOCKET.exists() and time.monotonic() < until:
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(str(SOCKET))
        to.sendall(("set=1\n" + "\n".join(lines) + "\n\n").encode())
        said = to.recv(100)
        assert said == b"errno=0\n\n", said


def hexed(key: str) -> str:
    """A key as that interface spells it."""
    return base64.b64decode(key).hex()


async def through() -> dict[str, str]:
    """What comes back over the path from a host behind the server."""
    async with target(BEHIND) as to:
        with opened(hop("wireguard", PORT, **WIREGUARD)) as path:
            stream, datagram = await echoed(path, to), await returned(path, to)
    return {"stream": stream.decode(), "datagram": datagram.decode()}


if __name__ == "__main__":
    main()
