"""The relay's datagrams: a client's come by one door, each with its far end before it, and go to a socket a flow.

A far end of port 0 is the entrance itself: a client asks there how a connection of its own fares, and is told from
there that a far end cannot be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import socket
import struct
from typing import TYPE_CHECKING, Any

from harness.lab.censor import forge
from harness.lab.censor.fragments import FULL, cut
from harness.lab.censor.packet import CLIENT, ETHER, INTERNET, UDP, Packet
from harness.lab.loopback.berths import HERE, Berths
from harness.lab.loopback.reported import NO_PORT
from harness.lab.loopback.segments import Spot, client_of, frame, spelled

if TYPE_CHECKING:
    from harness.lab.loopback.relay import Relay

_READ = 65_536
_END = struct.Struct("!16sH")
_PORT = struct.Struct("!H")
_MAPPED = bytes(10) + b"\xff\xff"
_ENTRANCE = _END.pack(bytes(16), 0)
_LONGEST = 65_535 - 40 - 8  # bytes that a datagram carries
_IDLE = 120.0  # seconds after which a flow of datagrams is forgotten


class Datagrams:
    """Everything about datagrams between the door and the servers."""

    def __init__(self, relay: Relay, berths: Berths, alive: frozenset[bytes]) -> None:
        self._relay, self._berths, self._alive = relay, berths, alive
        self._flows: dict[bytes, _Flow] = {}
        self._clients: dict[bytes, Any] = {}
        self._numbers = itertools.count(1)
        self._door: asyncio.DatagramTransport | None = None

    async def open(self) -> int:
        """Open the door; its port."""
        loop = asyncio.get_running_loop()
        self._door, _ = await loop.create_datagram_endpoint(lambda: _Door(self), (HERE, 0))
        port: int = self._door.get_extra_info("sockname")[1]
        return port

    def come(self, data: bytes, source: Any) -> None:
        """Take a client's datagram, its far end before it."""
        if not _END.size <= len(data) <= _END.size + _LONGEST:
            return
        packed, port = _END.unpack_from(data)
        if port == 0:
            self._answer(data[_END.size :], source)
            return
        far = packed[12:] if packed.startswith(_MAPPED) else packed
        here = Spot(client_of(far), int(source[1]))
        self.send(CLIENT, here, Spot(far, port), data[_END.size :], source)

    def _answer(self, asked: bytes, source: Any) -> None:
        """A client asks for what a kernel would tell it of its connection."""
        if self._door is not None and len(asked) == _PORT.size:
            self._door.sendto(self._relay.info(*_PORT.unpack(asked)), source)

    def send(self, side: int, here: Spot, there: Spot, data: bytes, source: Any = None) -> None:
        """Put a datagram on the wire, in pieces where it is too long for it."""
        ends = (here.address, there.address)
        number, long = next(self._numbers), len(data) + 48 + ETHER > FULL
        look = forge.Look(ident=number % 65536, df=not long)
        raw = frame(forge.ip(*ends, UDP, forge.udp(*ends, (here.port, there.port), data), look))
        if source is not None:
            self._clients[Packet(raw, side).reverse_key] = source
        for piece in cut(raw, number):
            self._relay.send(side, piece)

    def to_client(self, packet: Packet) -> None:
        """A datagram has come out at the client's side."""
        source = self._clients.get(packet.key)
        if source is not None and self._door is not None:
            self._door.sendto(_far_end(packet.source, packet.sport) + packet.payload, source)

    def fail(self, about: Packet, number: int) -> None:
        """Tell a client that what it sent cannot reach its far end."""
        source = self._clients.get(about.reverse_key)
        if source is not None and self._door is not None:
            told = _ENTRANCE + _far_end(about.target, about.dport) + errno.errorcode[number].encode()
            self._door.sendto(told, source)

    def to_server(self, packet: Packet) -> None:
        """A datagram has come out at the internet's side."""
        flow = self._flows.get(packet.key)
        if flow is None:
            here, there = Spot(packet.target, packet.dport), Spot(packet.source, packet.sport)
            own = self._berths.datagrams(*here, spelled(there))
            if own is None:
                if packet.target in self._alive:
                    self._relay.send(INTERNET, forge.icmp_error(packet, packet.target, NO_PORT))
                return
            flow = self._flows[packet.key] = _Flow(self, packet.key, (here, there), own)
        flow.send(packet.payload)

    def forget(self, key: bytes) -> None:
        """Forget a flow."""
        if flow := self._flows.pop(key, None):
            flow.close()


class _Door(asyncio.DatagramProtocol):
    def __init__(self, datagrams: Datagrams) -> None:
        self._datagrams = datagrams

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._datagrams.come(data, addr)


class _Flow:
    """The way of a flow's datagrams to its server: a socket of its own, so that each answer finds back."""

    def __init__(self, datagrams: Datagrams, key: bytes, ends: tuple[Spot, Spot], own: socket.socket) -> None:
        self._datagrams, self._key = datagrams, key
        self._ends, self._socket = ends, own
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._answers)
        self._idle = self._loop.call_later(_IDLE, datagrams.forget, self._key)

    def send(self, data: bytes) -> None:
        self._idle.cancel()
        self._idle = self._loop.call_later(_IDLE, self._datagrams.forget, self._key)
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def _answers(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._datagrams.send(INTERNET, *self._ends, self._socket.recv(_READ))

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()


def _far_end(address: bytes, port: int) -> bytes:
    return _END.pack(address if len(address) == 16 else _MAPPED + address, port)
