"""The two ends of a TCP connection that is only told of: bytes of real sockets, in segments that a censor can judge.

After RFC 9293, with what the loopback cannot lack left out: no windows, no congestion, no selective acknowledgement.
What is not acknowledged is sent again, each time after twice the wait (RFC 6298, section 5).
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, FIN, PSH, RST, SYN, TCP, Packet

SEGMENT = 1400  # bytes of data, as on a line of 1500 with room for options
FIRST_WAIT = 0.2  # seconds before the first repetition; Linux waits so long at least
LONGEST_WAIT = 8.0  # seconds between two repetitions
REPETITIONS = 8
IN_FLIGHT = 64  # segments, before an end waits for acknowledgements
_SPACE = 1 << 32

_isn = itertools.count(0x1000_0000, 0x0003_0D41)


class Spot(NamedTuple):
    """An address, packed, and a port."""

    address: bytes
    port: int


class Sent(NamedTuple):
    """A segment that awaits its acknowledgement."""

    seq: int
    flags: int
    data: bytes

    @property
    def after(self) -> int:
        """The sequence number behind it."""
        return (self.seq + len(self.data) + bool(self.flags & (SYN | FIN))) % _SPACE


def frame(packet: bytes) -> bytes:
    """An IP packet in a frame between nobody and nobody."""
    return bytes(12) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet


class End:
    """One end: what it hears comes in by `hear`, what it says goes out by `say`, its bytes to whoever `takes` them."""

    def __init__(self, here: Spot, there: Spot, say: Callable[[bytes], None]) -> None:
        self.here, self.there = here, there
        self._say = say
        self._next = next(_isn) % _SPACE  # what we send next
        self._awaited = 0  # what they send next
        self._flight: deque[Sent] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._tries = 0
        self._room = asyncio.Event()
        self._room.set()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.coming: asyncio.Queue[bytes | None] = asyncio.Queue()  # b"" is the end, None a reset

    def call(self) -> None:
        """Begin a connection."""
        self._send(SYN)

    def answer(self, syn: Packet) -> None:
        """Take the connection that somebody begins."""
        self._awaited = (syn.seq + 1) % _SPACE
        self._send(SYN | ACK)

    async def write(self, data: bytes) -> None:
        """Send data, as far as there is room for it on the way."""
        for at in range(0, len(data), SEGMENT):
            await self._room.wait()
            self._send(PSH | ACK, data[at : at + SEGMENT])

    def finish(self) -> None:
        """Say that no more data comes."""
        self._send(FIN | ACK)

    def reset(self) -> None:
        """Cut the connection off."""
        self.forget()
        self._tell(self._next, RST | ACK)

    def forget(self) -> None:
        """Send nothing again."""
        self._flight.clear()
        self._room.set()
        if self._timer:
            self._timer.cancel()

    def hear(self, packet: Packet) -> None:
        """Take one segment."""
        if packet.flags & RST:
            self._cut(packet)
            return
        if packet.flags & ACK:
            self._acknowledged(packet.ack)
        if packet.flags & SYN:
            self._joined(packet)
        elif packet.length:
            self._take(packet)

    def _joined(self, packet: Packet) -> None:
        if packet.flags & ACK and not self._awaited:
            self._awaited = (packet.seq + 1) % _SPACE
            self._settle(None)
        self._tell(self._next, ACK)

    def _cut(self, packet: Packet) -> None:
        """A reset counts where its number is the very next one (RFC 5961, section 3.2), or answers our SYN."""
        waiting = not self._awaited
        fits = packet.ack == self._next if waiting else packet.seq == self._awaited
        if not fits:
            return
        self.forget()
        self._settle(ConnectionRefusedError() if waiting else None)
        self.coming.put_nowait(None)

    def fail(self, why: OSError) -> None:
        """Give up a connection that has not come about."""
        self.forget()
        self._settle(why)

    def _settle(self, why: OSError | None) -> None:
        if self.opened.done():
            return
        if why is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(why)

    def _take(self, packet: Packet) -> None:
        """Data in its order: what came before is not taken twice, what lies beyond a gap is sent again later."""
        self._settle(None)
        known = (self._awaited - packet.seq) % _SPACE
        data = packet.payload
        if known <= len(data) and (known < packet.length):
            self._awaited = (packet.seq + packet.length) % _SPACE
            if data[known:]:
                self.coming.put_nowait(data[known:])
            if packet.flags & FIN:
                self.coming.put_nowait(b"")
        self._tell(self._next, ACK)

    def _acknowledged(self, number: int) -> None:
        reached = [at for at, sent in enumerate(self._flight) if sent.after == number]
        if not reached:
            return
        for _ in range(reached[0] + 1):
            self._flight.popleft()
        self._tries = 0
        self._arm()
        if len(self._flight) < IN_FLIGHT:
            self._room.set()
        if self._awaited:
            self._settle(None)

    def _send(self, flags: int, data: bytes = b"") -> None:
        sent = Sent(self._next, flags, data)
        self._next = sent.after
        self._flight.append(sent)
        if len(self._flight) >= IN_FLIGHT:
            self._room.clear()
        self._tell(*sent)
        if len(self._flight) == 1:
            self._arm()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._flight and self._tries < REPETITIONS:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**self._tries)
            wait = max(wait, 1.0) if self._flight[0].flags & SYN else wait
            self._timer = asyncio.get_running_loop().call_later(wait, self._again)

    def _again(self) -> None:
        self._tries += 1
        for sent in tuple(self._flight):
            self._tell(*sent)
        self._arm()

    def _tell(self, seq: int, flags: int, data: bytes = b"") -> None:
        ack = self._awaited if flags & ACK else 0
        ends = (self.here.address, self.there.address)
        segment = forge.tcp(*ends, (self.here.port, self.there.port), (seq, ack, flags), data)
        self._say(frame(forge.ip(*ends, TCP, segment)))
