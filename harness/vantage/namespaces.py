"""The client of a world in namespaces of its own: programs run there, and sockets made there are used here."""

from __future__ import annotations

import functools
import socket

from harness.dial.api import Address
from harness.lab import Lab
from harness.lab.sockets import Sockets


class Namespaces:
    """Connections and names of the client, and the lab that runs programs in its place."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    @functools.cached_property
    def sockets(self) -> Sockets:
        """What makes sockets inside, started when it is first asked for."""
        return Sockets(self.lab)

    def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, as the world's resolvers say; socket.gaierror where they say that there are none."""
        return [Address(str(address[0]), port) for _, address in self.sockets.resolve(host, port)]

    def connect(self, to: Address, timeout: float | None) -> socket.socket:
        """A connected socket; OSError as the world's client has it."""
        end = self.sockets.make(socket.AF_INET6 if ":" in to.host else socket.AF_INET)
        try:
            end.settimeout(timeout)
            end.connect(to)
        except BaseException:
            end.close()
            raise
        return end

    def close(self) -> None:
        """End what makes sockets, where it was started; sockets that were handed out stay."""
        if "sockets" in self.__dict__:
            self.sockets.close()
