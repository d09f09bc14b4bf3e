"""The relay: clients come in by one port, servers stand on ports of 127.0.0.1, and the censor sees all between them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from harness.lab.censor import forge
from harness.lab.censor.engine import Engine
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, RST, SYN, TCP, UDP, NotIp, Packet, Piece, Unreadable
from harness.lab.loopback.berths import HERE, Berths
from harness.lab.loopback.ends import End, Spot, frame

CLIENT_AT = {4: ipaddress.ip_address("100.64.0.2").packed, 6: ipaddress.ip_address("2001:db8:64::2").packed}
_READ = 65_536
_END = struct.Struct("!16sH")
_MAPPED = bytes(10) + b"\xff\xff"
_IDLE = 120.0  # seconds after which a flow of datagrams is forgotten
_LINGERS = 60.0  # seconds that a connection may stay open one way only
_LONGEST = 1400  # bytes of a datagram: what would have to be cut up is lost


def client_of(address: bytes) -> bytes:
    """The client's own address of that family."""
    return CLIENT_AT[4 if len(address) == 4 else 6]


class Relay:
    """Everything between a client and the servers of a world."""

    def __init__(self, engine: Callable[..., Engine], berths: Berths, alive: frozenset[bytes]) -> None:
        self.engine = engine(emit=self._emit)
        self._berths, self._alive = berths, alive
        self._left: deque[tuple[int, bytes]] = deque()  # frames that the censor let out
        self._ends: tuple[dict[bytes, End], dict[bytes, End]] = ({}, {})  # by the key of what they hear
        self._flows: dict[bytes, _Flow] = {}
        self._clients: dict[bytes, Any] = {}
        self._door: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._due: asyncio.TimerHandle | None = None
        self._pumping = False

    async def open(self) -> tuple[int, int]:
        """Open the entrance: a port for streams, and one for datagrams."""
        server = await asyncio.start_server(self._enter, HERE, 0)
        self._door, _ = await self._loop.create_datagram_endpoint(lambda: _Door(self), (HERE, 0))
        return server.sockets[0].getsockname()[1], self._door.get_extra_info("sockname")[1]

    # --- the wire ---

    def _emit(self, side: int, raw: bytes) -> None:
        self._left.append((side, raw))
        self._pump()

    def _say(self, side: int) -> Callable[[bytes], None]:
        return lambda raw: self.send(side, raw)

    def send(self, side: int, raw: bytes) -> None:
        """Put a frame on the wire at a side; never while another one is judged."""
        self._loop.call_soon(self._receive, side, raw)

    def _receive(self, side: int, raw: bytes) -> None:
        self.engine.receive(side, raw, time.monotonic())
        self._tick()

    def _tick(self) -> None:
        self.engine.tick(time.monotonic())
        if self._due:
            self._due.cancel()
            self._due = None
        if (due := self.engine.next_due()) is not None:
            self._due = self._loop.call_later(max(0.0, due - time.monotonic()), self._tick)

    def _pump(self) -> None:
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._pumping = False
        while self._left:
            side, raw = self._left.popleft()
            with contextlib.suppress(NotIp, Piece, Unreadable):
                self._arrive(side, Packet(raw, 1 - side))

    def _arrive(self, side: int, packet: Packet) -> None:
        if packet.proto == TCP:
            end = self._ends[side].get(packet.key)
            if end is not None:
                end.hear(packet)
            elif side == INTERNET and packet.flags & (SYN | ACK | RST) == SYN:
                self._called(packet)
        elif packet.proto == UDP and side == INTERNET:
            self._to_server(packet)
        elif packet.proto == UDP:
            self._to_client(packet)

    # --- streams ---

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client asks for a connection, and has it once the far end has answered."""
        try:
            host, port = (await reader.readline()).decode().split()
            far = Spot(ipaddress.ip_address(host).packed, int(port))
        except ValueError:
            writer.close()
            return
        here = Spot(client_of(far.address), int(writer.get_extra_info("peername")[1]))
        end = End(here, far, self._say(CLIENT))
        key = _key(far, here)
        self._ends[CLIENT][key] = end
        try:
            await self._carry_client(end, reader, writer)
        finally:
            end.forget()
            self._ends[CLIENT].pop(key, None)

    async def _carry_client(self, end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end.call()
        gone = asyncio.ensure_future(reader.read(_READ))  # a client says nothing before it is let in: this is its end
        first: set[asyncio.Future[Any]] = {gone, end.opened}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if not end.opened.done():
            gone.cancel()
            writer.close()
            return
        if (why := end.opened.exception()) is not None:
            gone.cancel()
            writer.write(f"{errno.errorcode[_number(why)]}\n".encode())
            writer.close()
            return
        writer.write(b"connected\n")
        await _carry(end, reader, writer, gone)

    def _called(self, syn: Packet) -> None:
        """A SYN has come out at the internet's side."""
        here, there = Spot(syn.target, syn.dport), Spot(syn.source, syn.sport)
        if here.address not in self._alive:
            return
        end = End(here, there, self._say(INTERNET))
        self._ends[INTERNET][syn.key] = end
        task = self._loop.create_task(self._carry_server(end, syn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_server(self, end: End, syn: Packet) -> None:
        try:
            reader, writer = await self._berths.call(*end.here, _spelled(end.there))
        except OSError:
            self.send(INTERNET, forge.reset_back(syn))
        else:
            end.answer(syn)
            await _carry(end, reader, writer, asyncio.ensure_future(reader.read(_READ)))
        finally:
            end.forget()
            self._ends[INTERNET].pop(syn.key, None)

    # --- datagrams ---

    def from_client(self, data: bytes, source: Any) -> None:
        """A client's datagram, its far end before it."""
        if not _END.size <= len(data) <= _END.size + _LONGEST:
            return
        packed, port = _END.unpack_from(data)
        far = packed[12:] if packed.startswith(_MAPPED) else packed
        here = Spot(client_of(far), int(source[1]))
        self._clients[_key(Spot(far, port), here, UDP)] = source
        self.send(CLIENT, _datagram(here, Spot(far, port), data[_END.size :]))

    def _to_client(self, packet: Packet) -> None:
        source = self._clients.get(packet.key)
        if source is not None and self._door is not None:
            mapped = packet.source if len(packet.source) == 16 else _MAPPED + packet.source
            self._door.sendto(_END.pack(mapped, packet.sport) + packet.payload, source)

    def _to_server(self, packet: Packet) -> None:
        flow = self._flows.get(packet.key)
        if flow is None:
            ends = Spot(packet.target, packet.dport), Spot(packet.source, packet.sport)
            own = self._berths.datagrams(*ends[0], _spelled(ends[1]))
            if own is None:
                return
            flow = self._flows[packet.key] = _Flow(self, packet.key, ends, own)
        flow.send(packet.payload)

    def forget(self, key: bytes) -> None:
        """Forget a flow of datagrams."""
        if flow := self._flows.pop(key, None):
            flow.close()


class _Door(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._relay.from_client(data, addr)


class _Flow:
    """The way of a flow's datagrams to its server: a socket of its own, so that each answer finds back."""

    def __init__(self, relay: Relay, key: bytes, ends: tuple[Spot, Spot], own: socket.socket) -> None:
        self._relay, self._key = relay, key
        self._ends, self._socket = ends, own
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._answers)
        self._idle = self._loop.call_later(_IDLE, relay.forget, self._key)

    def send(self, data: bytes) -> None:
        self._idle.cancel()
        self._idle = self._loop.call_later(_IDLE, self._relay.forget, self._key)
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def _answers(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._relay.send(INTERNET, _datagram(*self._ends, self._socket.recv(_READ)))

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()


async def _carry(
    end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: asyncio.Future[bytes]
) -> None:
    """Bytes both ways until both have ended, or one side cuts off the other."""

    async def out() -> None:
        try:
            data = await first
            while data:
                await end.write(data)
                data = await reader.read(_READ)
            end.finish()
        except OSError:
            end.reset()
            end.coming.put_nowait(None)

    async def home() -> None:
        with contextlib.suppress(OSError):
            while data := await end.coming.get():
                writer.write(data)
                await writer.drain()
            if data is None:
                _abort(writer)
            elif writer.can_write_eof():
                writer.write_eof()

    leaving, coming = asyncio.ensure_future(out()), asyncio.ensure_future(home())
    try:
        await asyncio.wait({leaving, coming}, return_when=asyncio.FIRST_COMPLETED)
        if not writer.transport.is_closing():
            await asyncio.wait({leaving, coming}, timeout=_LINGERS)
    finally:
        leaving.cancel()
        coming.cancel()
        writer.close()


def _abort(writer: asyncio.StreamWriter) -> None:
    """A reset, as the socket's owner sees one."""
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _spelled(spot: Spot) -> tuple[str, int]:
    return str(ipaddress.ip_address(spot.address)), spot.port


def _number(why: BaseException) -> int:
    return why.errno or errno.ECONNREFUSED if isinstance(why, OSError) else errno.ECONNABORTED


def _key(source: Spot, target: Spot, proto: int = TCP) -> bytes:
    """The key of the packets from one spot to another."""
    ports = source.port.to_bytes(2, "big") + target.port.to_bytes(2, "big")
    return source.address + target.address + ports + bytes((proto,))


def _datagram(source: Spot, target: Spot, data: bytes) -> bytes:
    ends = (source.address, target.address)
    return frame(forge.ip(*ends, UDP, forge.udp(*ends, (source.port, target.port), data)))
