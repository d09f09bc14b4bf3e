"""A world for other people's tests where the lab has no namespaces: requests and connections, and no programs."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Unpack, cast

from harness.vantage.entering import Entering
from harness.vantage.inside import TIMEOUT, CensoredInternet, NoLab

if TYPE_CHECKING:
    from harness.lab import Lab, LabProcess
    from harness.lab.loopback.lab import Loopback
    from harness.lab.program import Stdio

NO_SOCKETS = (
    "tier loopback has no sockets of the world's client, only connections that stand: call connect() or client()"
)


def _refused(why: str) -> NoReturn:
    raise NoLab(why)


class Entered(CensoredInternet):
    """A world that is up on the loopback. What it cannot give is refused: by NoLab, or as `refuse` does it."""

    def __init__(self, lab: Loopback) -> None:
        super().__init__(cast("Lab", lab))  # what such a lab does not have is refused here
        self._entrance = lab.entrance
        self.refuse: Callable[[str], NoReturn] = _refused

    @property
    def pid(self) -> int:
        """Refused: there is nothing to enter."""
        self._refuse_programs()

    def popen(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        **stdio: Unpack[Stdio],
    ) -> LabProcess:
        """Refused: a program would use this machine's own network."""
        self._refuse_programs()

    def new_socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """Refused: a socket of this machine leads nowhere in the world."""
        self.refuse(NO_SOCKETS)

    def resolve(self, name: str) -> list[str]:
        """The addresses that the world's resolver gives for a name; socket.gaierror where it gives none."""
        return list(dict.fromkeys(str(address[0]) for address in self._entering.resolve(name, 0)))

    def connect(self, host: str, port: int, timeout: float | None = TIMEOUT) -> socket.socket:
        """A connected socket, as `socket.create_connection` gives one outside."""
        __tracebackhide__ = True
        fault: OSError | None = None
        for address in self._entering.resolve(host, port):
            try:
                return self._entering.connect(address, timeout)
            except OSError as exc:
                fault = exc
        raise fault or OSError(f"{host} has no address")

    def pcap(self, folder: str | os.PathLike[str] | None) -> None:
        """Refused: the packets are the relay's, and say nothing of this machine's."""
        from harness.lab.needs import NO_CAPTURE

        if folder is not None:
            self.refuse(NO_CAPTURE)

    def _refuse_programs(self) -> NoReturn:
        from harness.lab.needs import NO_PROGRAMS

        self.refuse(NO_PROGRAMS)

    @functools.cached_property
    def _entering(self) -> Entering:
        return Entering(self._entrance, self.resolvers)


def entered(world: str, more: Mapping[str, Any]) -> Entered:
    """A world by its name or file, up on the loopback. Raises ScenarioError, or Lacking."""
    from harness.lab.loopback.lab import Loopback
    from harness.lab.world import load_world

    return Entered(Loopback(load_world(world, more)))
