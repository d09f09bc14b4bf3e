"""A TCP connection of the censor's own, from an address beside the client's: it says one thing and hears what follows.

So much of RFC 9293 as a short call needs: nothing is sent again, what comes out of order is not acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, FIN, INTERNET, PSH, RST, SYN, TCP, Packet

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine

Reaction: TypeAlias = Literal["unreachable", "refused", "answer", "close", "reset", "silence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Who calls whom: addresses packed, and ports."""

    source: bytes
    target: bytes
    sport: int
    dport: int

    @property
    def replies(self) -> bytes:
        """The key of what the other side sends."""
        ports = self.dport.to_bytes(2, "big") + self.sport.to_bytes(2, "big")
        return self.target + self.source + ports + bytes((TCP,))


class Call:
    """One connection. `done` is told once how the other side took what was said."""

    def __init__(
        self, engine: Engine, like: Packet, ends: Ends, payload: bytes, done: Callable[[Reaction], None]
    ) -> None:
        self._engine, self._ends, self._payload, self._done = engine, ends, payload, done
        self._ether = like.raw[:14]  # of a packet that goes the same way
        self._seq = self._ack = 0
        self._over = self._open = False

    def dial(self, patience: float) -> None:
        """Begin; what has not come within so many seconds is taken for silence."""
        engine = self._engine
        engine.calls[self._ends.replies] = self
        engine.at(engine.now + patience, lambda: self._end("silence" if self._open else "unreachable"))
        self._say(SYN)
        self._seq += 1

    def hear(self, packet: Packet) -> None:
        """Take in a packet of the other side's."""
        if packet.flags & RST:
            self._end("reset" if self._open else "refused")
        elif not self._open:
            self._answered(packet)
        elif packet.seq == self._ack:
            self._take(packet)

    def _answered(self, packet: Packet) -> None:
        if packet.flags & (SYN | ACK) != SYN | ACK:
            return
        self._open = True
        self._ack = packet.seq + 1 & 0xFFFFFFFF
        self._say(ACK)
        self._say(PSH | ACK, self._payload)
        self._seq += len(self._payload)

    def _take(self, packet: Packet) -> None:
        self._ack = packet.seq + packet.length & 0xFFFFFFFF
        if packet.end > packet.body:
            self._end("answer")
        elif packet.flags & FIN:
            self._end("close")

    def _say(self, flags: int, payload: bytes = b"") -> None:
        ends = self._ends
        where = (self._seq, self._ack if flags & ACK else 0, flags)
        segment = forge.tcp(ends.source, ends.target, (ends.sport, ends.dport), where, payload)
        self._engine.send(INTERNET, self._ether + forge.ip(ends.source, ends.target, TCP, segment))

    def _end(self, reaction: Reaction) -> None:
        """Tells once, and leaves nothing open on the other side."""
        if self._over:
            return
        self._over = True
        if reaction in {"answer", "close", "silence"}:
            self._say(RST | ACK)
        self._engine.calls.pop(self._ends.replies, None)
        self._done(reaction)
