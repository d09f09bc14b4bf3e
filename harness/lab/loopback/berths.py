"""Where the servers of a world stand on 127.0.0.1, and who calls them there."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from harness.lab.censor.packet import TCP, UDP
from harness.lab.loopback.shown import STAND_INS
from harness.lab.servers.seat import Source

HERE = "127.0.0.1"


class Berths:
    """Stands servers on ports that the system chooses, and remembers which stands for what."""

    stand_ins = STAND_INS

    def __init__(self) -> None:
        self._ports: dict[tuple[bytes, int, int], int] = {}
        self._sources: dict[tuple[str, int], Source] = {}

    def bind(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """A socket in place of one on that address and port."""
        bound = _bound(kind)
        proto = TCP if kind == socket.SOCK_STREAM else UDP
        self._ports[ipaddress.ip_address(address).packed, port, proto] = bound.getsockname()[1]
        return bound

    def source(self, proto: str, peer: Source) -> Source:
        """Who stands behind a peer: itself where nobody else does."""
        return self._sources.get((proto, peer[1]), peer)

    async def call(
        self, address: bytes, port: int, source: Source
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to a server, in somebody's name. Raises OSError where there is none."""
        known = self._ports.get((address, port, TCP))
        if known is None:
            raise ConnectionRefusedError
        own = _bound(socket.SOCK_STREAM)
        self._sources["tcp", own.getsockname()[1]] = source  # before the server can see it
        try:
            await asyncio.get_running_loop().sock_connect(own, (HERE, known))
        except OSError:
            own.close()
            raise
        return await asyncio.open_connection(sock=own)

    def datagrams(self, address: bytes, port: int, source: Source) -> socket.socket | None:
        """A socket for datagrams to a server, in somebody's name; None where there is no server."""
        known = self._ports.get((address, port, UDP))
        if known is None:
            return None
        own = _bound(socket.SOCK_DGRAM)
        self._sources["udp", own.getsockname()[1]] = source
        own.connect((HERE, known))
        return own


def _bound(kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind)
    bound.setblocking(False)
    bound.bind((HERE, 0))
    return bound
