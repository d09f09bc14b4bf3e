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
        self._syns: dict[int, bytes] = {}
        self._rates: dict[int, float] = {}  # by the port of 127.0.0.1

    def bind(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        """A socket in place of one on that address and port; 0 is its own number."""
        bound = _bound(kind)
        proto = TCP if kind == socket.SOCK_STREAM else UDP
        own = bound.getsockname()[1]
        self._ports[ipaddress.ip_address(address).packed, port or own, proto] = own
        return bound

    def pace(self, bound: socket.socket, rate: float) -> None:
        """Have what a socket accepts send at so many bits a second."""
        self._rates[bound.getsockname()[1]] = rate

    def rate(self, address: bytes, port: int) -> float:
        """The bits a second that a server is to send with at most; 0 is no limit. Who calls it sees to that."""
        return self._rates.get(self._ports.get((address, port, TCP), 0), 0.0)

    def source(self, proto: str, peer: Source) -> Source:
        """Who stands behind a peer: itself where nobody else does."""
        return self._sources.get((proto, peer[1]), peer)

    def syn(self, peer: Source) -> bytes:
        """The SYN that the connection of a peer began with, from its IP header on; b"" where it had none."""
        return self._syns.get(peer[1], b"")

    async def call(
        self, address: bytes, port: int, source: Source, syn: bytes = b""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to a server, in somebody's name. Raises OSError where there is none."""
        known = self._ports.get((address, port, TCP))
        if known is None:
            raise ConnectionRefusedError
        own = _bound(socket.SOCK_STREAM)
        self._sources["tcp", own.getsockname()[1]] = source  # before the server can see it
        self._syns[own.getsockname()[1]] = syn
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
    # asyncio turns Nagle's algorithm off for sockets that name their protocol, and for no others
    proto = socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else socket.IPPROTO_UDP
    bound = socket.socket(socket.AF_INET, kind, proto)
    bound.setblocking(False)
    bound.bind((HERE, 0))
    return bound
