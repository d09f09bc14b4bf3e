"""Sockets of the client's place for a program outside: made inside, `python -m harness.lab.sockets`, and handed out.

A socket belongs to the network namespace that it was made in, whoever uses it. So a test keeps its own process, its
debugger and its event loop, and still speaks from behind the censor. Names are resolved inside.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from typing import Any

from harness.lab.channel import Channel, Closed
from harness.lab.opened import Lab

ANSWERS_WITHIN = 60.0  # seconds; a resolver that is cut off takes 20 to be given up


class Sockets:
    """What the helper inside makes. Every method may be called from any thread, one after the other."""

    def __init__(self, lab: Lab) -> None:
        self._lock = threading.Lock()
        self._channel, theirs = Channel.pair()
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        try:
            self._helper = lab.popen([sys.executable, "-P", "-m", __name__], env=env, stdin=theirs.fileno())
        finally:
            theirs.close()

    def make(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """A socket of the client's, not yet connected."""
        _, (fd,) = self._ask({"do": "socket", "family": family, "kind": kind})
        return socket.socket(fileno=fd)

    def resolve(self, host: str, port: int, kind: int = socket.SOCK_STREAM) -> list[tuple[int, Any]]:
        """Families with addresses, as the world's resolver says; socket.gaierror where it says that there are none."""
        told, _ = self._ask({"do": "resolve", "host": host, "port": port, "kind": kind})
        if "error" in told:
            raise socket.gaierror(*told["error"])
        return [(family, tuple(address)) for family, address in told["found"]]

    def close(self) -> None:
        """End the helper; sockets that were handed out stay."""
        self._channel.close()
        self._helper.wait()

    def _ask(self, wanted: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            self._channel.send(wanted)
            return self._channel.receive(ANSWERS_WITHIN)


def main() -> None:
    """Answer until the other end hangs up."""
    channel = Channel(socket.socket(fileno=0))
    with contextlib.suppress(Closed):
        while True:
            while not channel.waiting(3600.0):
                continue
            wanted, _ = channel.receive(0.0)
            _ANSWERS[wanted["do"]](channel, wanted)


def _make(channel: Channel, wanted: dict[str, Any]) -> None:
    with socket.socket(wanted["family"], wanted["kind"]) as made:
        channel.send({}, (made.fileno(),))


def _resolve(channel: Channel, wanted: dict[str, Any]) -> None:
    try:
        found = socket.getaddrinfo(wanted["host"], wanted["port"], type=wanted["kind"])
    except socket.gaierror as fault:
        channel.send({"error": [fault.errno, fault.strerror]})
    except UnicodeError as fault:  # nothing that could be a name
        channel.send({"error": [socket.EAI_NONAME, str(fault)]})
    else:
        channel.send({"found": [[family, address] for family, _, _, _, address in found]})


_ANSWERS = {"socket": _make, "resolve": _resolve}

if __name__ == "__main__":
    main()
