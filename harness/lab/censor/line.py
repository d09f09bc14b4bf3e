"""The line between the censor and the internet: delay, jitter, loss and rate, by hash instead of by luck.

Handshakes of TCP are never lost: a lost SYN costs its sender a second, and no scenario is about that. Jitter does not
reorder. Each flow's packets meet the same fate in each run, whatever other flows do meanwhile.

A line may also be broken as lines are: a long queue before a slow link (bufferbloat: Gettys, Nichols 2011), a part of
it that takes only short packets while ICMP is filtered (a black hole of path MTU discovery: RFC 2923, section 2.1), and
IPv6 that is routed and arrives nowhere (RFC 6555, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.lab.censor.draw import draw
from harness.lab.censor.packet import ETHER, SYN, Packet

LEAST_QUEUE = 24_000  # bytes that find room whatever the rate: sixteen full packets
_LOSS, _JITTER = 1, 2
_MOST = 100_000  # flows that are told apart; then counting starts anew


@dataclass(slots=True, kw_only=True)
class Line:
    """One direction of the line."""

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    rate: float = 0.0
    queue: float = 0.2
    mtu: int = 0
    ipv6: bool = True
    seed: int = 0
    _free: float = 0.0  # when what was sent before has left
    _last: float = 0.0  # when what was sent before arrives
    _sent: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _met: dict[bytes, int] = field(default_factory=dict)

    def arrival(self, packet: Packet, now: float) -> float | None:
        """When the packet comes out at the other end; None where it never does."""
        if self.mtu and len(packet.raw) - ETHER > self.mtu:
            return None
        if not (self.ipv6 or packet.four):
            return None
        if not (self.delay or self.jitter or self.loss or self.rate):
            return now
        place = self._place(packet) if self.loss or self.jitter else (0, 0, 0)
        if self.loss and not packet.flags & SYN and draw(self.seed, _LOSS, *place) < self.loss:
            return None
        left = self._left(len(packet.raw) - ETHER, now)
        if left is None:
            return None
        late = self.jitter * draw(self.seed, _JITTER, *place) if self.jitter else 0.0
        self._last = max(self._last, left + self.delay + late)
        return self._last

    def _left(self, size: int, now: float) -> float | None:
        if not self.rate:
            return now
        start = max(now, self._free)
        if start - now > max(self.queue, LEAST_QUEUE * 8 / self.rate):
            return None
        self._free = start + size * 8 / self.rate
        return self._free

    def _place(self, packet: Packet) -> tuple[int, int, int]:
        """The end spoken with, the flow among those to that end, the packet within the flow: the same in each run."""
        end = packet.key[-5:] if packet.side == 0 else packet.reverse_key[-5:]
        far = packet.target if packet.side == 0 else packet.source
        where = far + end[2:]
        if packet.key not in self._sent:
            if len(self._sent) >= _MOST:
                self._sent.clear()
            self._met[where] = self._met.get(where, 0) + 1
        flow, number = self._sent.get(packet.key, (self._met[where], 0))
        self._sent[packet.key] = (flow, number + 1)
        return int.from_bytes(where, "big"), flow, number
