"""The relay: clients come in by one port, servers stand on ports of 127.0.0.1, and the censor sees all between them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from harness.lab.censor import forge
from harness.lab.censor.engine import Engine
from harness.lab.censor.fragments import Fragments
from harness.lab.censor.packet import (
    ACK,
    CLIENT,
    ETHER,
    ICMP,
    ICMP6,
    INTERNET,
    RST,
    SYN,
    TCP,
    UDP,
    NotIp,
    Packet,
    Piece,
    Unreadable,
)
from harness.lab.kept import kept
from harness.lab.loopback.berths import HERE, Berths
from harness.lab.loopback.carrying import READ, carry
from harness.lab.loopback.datagrams import Datagrams
from harness.lab.loopback.ends import End, Manner
from harness.lab.loopback.reported import Reported, reported
from harness.lab.loopback.segments import Spot, client_of, spelled


class Relay:
    """Everything between a client and the servers of a world."""

    def __init__(
        self, engine: Callable[..., Engine], berths: Berths, alive: frozenset[bytes], *, timestamps: bool = True
    ) -> None:
        self.engine = engine(emit=self._emit)
        self._berths, self._alive = berths, alive
        self._timestamps = timestamps  # whether the client sends them
        self._left: deque[tuple[int, bytes]] = deque()  # frames that the censor let out
        self._ends: tuple[dict[bytes, End], dict[bytes, End]] = ({}, {})  # by the key of what they hear
        self._pieces = (Fragments(), Fragments())
        self._callers: dict[int, End] = {}  # by the port that a client came from
        self._datagrams = Datagrams(self, berths, alive)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._due: asyncio.TimerHandle | None = None
        self._pumping = False

    async def open(self) -> tuple[int, int]:
        """Open the entrance: a port for streams, and one for datagrams."""
        server = await asyncio.start_server(kept(self._enter), HERE, 0)
        return server.sockets[0].getsockname()[1], await self._datagrams.open()

    def info(self, port: int) -> bytes:
        """What a kernel would tell of the connection of a client that came from that port; b"" of none."""
        return self._callers[port].info() if port in self._callers else b""

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
            with contextlib.suppress(NotIp, Unreadable):
                if (packet := self._whole(side, raw)) is not None:
                    self._arrive(side, packet)

    def _whole(self, side: int, raw: bytes) -> Packet | None:
        """The packet of a frame; of a piece the one that it completes."""
        try:
            return Packet(raw, 1 - side)
        except Piece:
            complete = self._pieces[side].add(raw, time.monotonic())
            return Packet(complete[0], 1 - side) if complete else None

    def _arrive(self, side: int, packet: Packet) -> None:
        if packet.proto == TCP:
            self._segment(side, packet)
        elif packet.proto == UDP and side == INTERNET:
            self._datagrams.to_server(packet)
        elif packet.proto == UDP:
            self._datagrams.to_client(packet)
        elif packet.proto in {ICMP, ICMP6} and side == CLIENT and (report := reported(packet)):
            self._told(report)

    def _segment(self, side: int, packet: Packet) -> None:
        end = self._ends[side].get(packet.key)
        if end is not None:
            end.hear(packet)
        elif side == INTERNET and packet.target not in self._alive:
            return
        elif side == INTERNET and packet.flags & (SYN | ACK | RST) == SYN:
            self._called(packet)
        elif not packet.flags & RST:
            self.send(side, forge.reset_back(packet, ack=False))  # as a machine does that knows of no connection

    def _told(self, report: Reported) -> None:
        """A router, or the far end's machine, says that something cannot be reached."""
        about = report.about
        end = self._ends[CLIENT].get(about.reverse_key)
        if about.proto == TCP and end is not None and not end.opened.done():
            end.fail(OSError(report.number, "said by ICMP"))
        elif about.proto == UDP and report.hard:
            self._datagrams.fail(about, report.number)

    # --- streams ---

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client asks for a connection, and has it once the far end has answered."""
        try:
            host, port, *segment = (await reader.readline()).decode().split()
            far = Spot(ipaddress.ip_address(host).packed, int(port))
            manner = Manner(longest=int(segment[0]) if segment else 0, timestamps=self._timestamps)
        except ValueError:
            writer.close()
            return
        here = Spot(client_of(far.address), int(writer.get_extra_info("peername")[1]))
        end = End(here, far, self._say(CLIENT), manner)
        key = _key(far, here)
        self._ends[CLIENT][key] = self._callers[here.port] = end
        try:
            await self._carry_client(end, reader, writer)
        finally:
            end.forget()
            self._ends[CLIENT].pop(key, None)
            self._callers.pop(here.port, None)

    async def _carry_client(self, end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end.call()
        gone = asyncio.ensure_future(reader.read(READ))  # a client says nothing before it is let in: this is its end
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
        await carry(end, reader, writer, gone)

    def _called(self, syn: Packet) -> None:
        """A SYN has come out at the internet's side."""
        here, there = Spot(syn.target, syn.dport), Spot(syn.source, syn.sport)
        end = End(here, there, self._say(INTERNET), Manner(rate=self._berths.rate(*here)))
        self._ends[INTERNET][syn.key] = end
        task = self._loop.create_task(self._carry_server(end, syn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_server(self, end: End, syn: Packet) -> None:
        try:
            reader, writer = await self._berths.call(*end.here, spelled(end.there), syn.raw[ETHER:])
        except OSError:
            self.send(INTERNET, forge.reset_back(syn))
        else:
            end.answer(syn)
            await carry(end, reader, writer, asyncio.ensure_future(reader.read(READ)))
        finally:
            end.forget()
            self._ends[INTERNET].pop(syn.key, None)


def _number(why: BaseException) -> int:
    return why.errno or errno.ECONNREFUSED if isinstance(why, OSError) else errno.ECONNABORTED


def _key(source: Spot, target: Spot) -> bytes:
    """The key of the segments from one spot to another."""
    ports = source.port.to_bytes(2, "big") + target.port.to_bytes(2, "big")
    return source.address + target.address + ports + bytes((TCP,))
