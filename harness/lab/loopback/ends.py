"""The two ends of a TCP connection that is only told of: bytes of real sockets, in segments that a censor can judge.

After RFC 9293. How it sends is in `sending`, how it takes in `taking`; here they meet the clock.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.lab.censor.packet import ACK, FIN, PSH, RST, SYN, Packet
from harness.lab.loopback import taking
from harness.lab.loopback.segments import SPACE, TIMES, Segment, Spot, Told, framed, longest, told_by, window_of
from harness.lab.loopback.sending import Sender, Sent
from harness.lab.loopback.taking import Taker

WRITTEN = 256 << 10  # bytes that are taken of a writer ahead of what is on its way

# Linux, include/uapi/linux/tcp.h, struct tcp_info: where the words stand that are told.
_INFO = 240
_HEARD = 56  # in milliseconds, the others in microseconds where they are times
_RTT, _AGAIN, _ACKNOWLEDGED, _OUT, _IN = 68, 100, 120, 136, 140
_LEAST, _DATA_IN, _DATA_OUT, _OUT_OF_ORDER = 148, 152, 156, 224

_isn = itertools.count(0x1000_0000, 0x0003_0D41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How an end speaks."""

    longest: int = 0  # of its segments, options and data, where it is less than the line takes
    timestamps: bool = True
    rate: float = 0.0  # bits a second that it sends at most; 0 is no limit


PLAIN = Manner()


class End:
    """One end: what it hears comes in by `hear`, what it says goes out by `say`, its bytes are to be `read`."""

    def __init__(self, here: Spot, there: Spot, say: Callable[[bytes], None], manner: Manner = PLAIN) -> None:
        self.here, self.there = here, there
        self._say = say
        self._manner = manner
        self._longest = min(manner.longest or longest(here.address), longest(here.address))
        self._times = manner.timestamps  # whether both have them
        self._latest = 0  # the other's clock, as it told it last
        self._segments = [0, 0]  # in, out
        self._heard = time.monotonic()  # when the other acknowledged anything last
        self._sender = Sender(next(_isn) % SPACE, self._tell)
        self._sender.rate = manner.rate
        self._taker = Taker()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer wakes us
        self._alarm = 0.0  # when the first in flight is to be sent again
        self._room = asyncio.Event()
        self._room.set()
        self._coming: deque[bytes] = deque()
        self._unread = 0
        self._cut_off = self._over = False
        self.silent = asyncio.Event()  # once all that was said has arrived, or nobody listens any more
        self._news = asyncio.Event()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # --- what its owner does ---

    def call(self) -> None:
        """Begin a connection."""
        self._put(SYN)

    def answer(self, syn: Packet) -> None:
        """Take the connection that somebody begins."""
        told = told_by(syn)
        self._times = told.times is not None
        self._meet(syn, told)
        self._put(SYN | ACK)

    async def write(self, data: bytes) -> None:
        """Send data, as far as there is room for it on the way."""
        size = self._longest - TIMES * self._times
        for at in range(0, len(data), size):
            await self._room.wait()
            self._put(PSH | ACK, data[at : at + size])

    async def read(self) -> bytes | None:
        """What has come; b"" at the end, None once the connection was cut off."""
        while not (self._coming or self._cut_off or self._over):
            self._news.clear()
            await self._news.wait()
        if not self._coming:
            return None if self._cut_off else b""
        data = b"".join(self._coming)
        self._coming.clear()
        narrow = self._window < taking.ROOM // 2
        self._unread = 0
        if narrow:
            self._acknowledge()
        return data

    def finish(self) -> None:
        """Say that no more data comes."""
        self._put(FIN | ACK)

    def reset(self) -> None:
        """Cut the connection off, for the owner too."""
        self.forget()
        self._tell(Sent(self._sender.next, RST | ACK, b""))
        self._lose()

    def forget(self) -> None:
        """Send nothing again."""
        self._sender.forget()
        self._room.set()
        self.silent.set()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def fail(self, why: OSError) -> None:
        """Give up a connection that has not come about."""
        self.forget()
        self._settle(why)

    def info(self) -> bytes:
        """What Linux would tell of the connection by TCP_INFO."""
        told, counts = bytearray(_INFO), self._sender.counts
        trips = (counts.rtt, counts.least) if counts.rtt else (0.0, 0.0)
        unheard = time.monotonic() - self._heard
        words = (
            (_HEARD, int(unheard * 1e3)),
            *((_RTT, int(trips[0] * 1e6)), (_LEAST, int(trips[1] * 1e6)), (_AGAIN, counts.again)),
            *((_IN, self._segments[0]), (_OUT, self._segments[1]), (_DATA_OUT, counts.data)),
            *((_DATA_IN, self._taker.segments), (_OUT_OF_ORDER, self._taker.out_of_order)),
        )
        for at, word in words:
            struct.pack_into("=I", told, at, word)
        struct.pack_into("=Q", told, _ACKNOWLEDGED, counts.acknowledged)
        return bytes(told)

    # --- what comes ---

    def hear(self, packet: Packet) -> None:
        """Take one segment."""
        self._segments[0] += 1
        if packet.flags & RST:
            self._cut(packet)
            return
        told = told_by(packet)
        if told.times is not None:
            self._latest = told.times[0]
        if packet.flags & ACK:
            self._heard = time.monotonic()
            self._acknowledged(packet, told)
        if packet.flags & SYN:
            self._joined(packet, told)
        elif packet.length and self._taker.awaited is not None:
            self._take(packet)

    def _joined(self, packet: Packet, told: Told) -> None:
        if packet.flags & ACK and self._taker.awaited is None:
            self._times = self._times and told.times is not None
            self._meet(packet, told)
            self._settle(None)
        if packet.flags & ACK:
            self._acknowledge()

    def _meet(self, packet: Packet, told: Told) -> None:
        """Learn of the other end what its SYN tells."""
        self._taker.awaited = (packet.seq + 1) % SPACE
        self._sender.window = window_of(packet)
        self._latest = told.times[0] if told.times else 0
        self._longest = min(self._longest, told.longest or 536)

    def _cut(self, packet: Packet) -> None:
        """A reset counts where its number is the very next one (RFC 5961, section 3.2), or answers our SYN."""
        waiting = self._taker.awaited is None
        fits = packet.ack == self._sender.next if waiting else packet.seq == self._taker.awaited
        if not fits:
            return
        self.forget()
        self._settle(ConnectionRefusedError() if waiting else None)
        self._lose()

    def _lose(self) -> None:
        self._cut_off = True
        self._news.set()

    def _settle(self, why: OSError | None) -> None:
        if self.opened.done():
            return
        if why is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(why)

    def _take(self, packet: Packet) -> None:
        self._settle(None)
        data = self._taker.take(packet.seq, packet.payload, end=bool(packet.flags & FIN))
        if data and not self._cut_off:
            self._coming.append(data)
            self._unread += len(data)
        self._over = self._taker.over
        if data or self._over:
            self._news.set()
        self._acknowledge()

    def _acknowledged(self, packet: Packet, told: Told) -> None:
        sender, now = self._sender, time.monotonic()
        before = sender.flight[0] if sender.flight else None
        if not packet.flags & SYN:
            sender.window = window_of(packet)
        sender.acknowledged(packet.ack, told.blocks, now)
        if before is not None and (not sender.flight or sender.flight[0] is not before):
            self._alarm = now + sender.wait
            if self._taker.awaited is not None:
                self._settle(None)
        self._push()

    # --- what goes ---

    @property
    def _window(self) -> int:
        return max(0, taking.ROOM - self._unread)

    def _acknowledge(self) -> None:
        self._tell(Sent(self._sender.next, ACK, b""))

    def _put(self, flags: int, data: bytes = b"") -> None:
        if not self._sender.flight:
            self._alarm = time.monotonic() + self._sender.wait
        self._sender.put(flags, data)
        self._push()

    def _push(self) -> None:
        self._sender.push(time.monotonic())
        if self._sender.unsent < WRITTEN:
            self._room.set()
        else:
            self._room.clear()
        if not (self._sender.flight or self._sender.waiting):
            self.silent.set()
        else:
            self.silent.clear()
        self._arm()

    def _arm(self) -> None:
        """Wake when the first in flight has been waited for, or when the rate lets the next go."""
        sender = self._sender
        if not (sender.flight or sender.waiting) or sender.given_up:
            return
        now = time.monotonic()
        held = sender.free if sender.rate and sender.waiting and sender.free > now else None
        when = self._alarm if held is None else min(self._alarm, held)
        if self._timer and now < self._due <= when:
            return  # it looks again then
        if self._timer:
            self._timer.cancel()
        self._due = when
        self._timer = asyncio.get_running_loop().call_later(max(0.0, when - now), self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = time.monotonic()
        if now >= self._alarm and (self._sender.flight or self._sender.waiting):
            self._sender.again(now)
            if self._sender.given_up:
                self.silent.set()
                return
            self._alarm = now + self._sender.wait
        self._push()

    def _tell(self, sent: Sent) -> None:
        self._segments[1] += 1
        now = int(time.monotonic() * 1000) % SPACE
        said = Segment(
            seq=sent.seq,
            ack=self._taker.awaited or 0,
            flags=sent.flags,
            data=sent.data,
            window=self._window,
            longest=self._longest,
            blocks=self._taker.blocks(),
            times=(now, self._latest) if self._times else None,
        )
        self._say(framed(self.here, self.there, said))
