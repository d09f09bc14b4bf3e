"""Shaping: packets beyond a rate wait in a queue, so that round trips grow with the load and little is lost.

The counterpart of policing (Flach 2016, "An Internet-Wide Analysis of Traffic Policing", SIGCOMM); the crawl of about
14 KB/s on mobile lines, RU 2025-11 (hxehex/russia-mobile-internet-whitelist issue 21).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import chosen, params
from harness.lab.censor.packet import CLIENT, ETHER, INTERNET, Packet
from harness.lab.censor.scope import sent_by

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(chosen.Params):
    """The rate of each flow, and how long a packet may wait."""

    rate: params.Rate  # of IP packets, each way by itself
    queue: params.Seconds = 1.0  # a packet that would wait longer is dropped
    of: params.Side = "both"  # whose packets are held to the rate


class Shape(chosen.LimitWatch[Params]):
    """One queue each way."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._free = {CLIENT: 0.0, INTERNET: 0.0}  # when what waits before has left

    def enforce(self, packet: Packet) -> Packet | None:
        """Sends the packet on when its turn comes."""
        if not sent_by(packet, self.params.of):
            return packet
        now = self.engine.now
        start = max(now, self._free[packet.side])
        if start - now > self.params.queue:
            self.note("drop", rate=self.params.rate)
            return None
        self._free[packet.side] = start + (packet.end - ETHER) * 8 / self.params.rate
        if start > now:
            self.note("queue", rate=self.params.rate)
        self.engine.hold(self, packet, self._free[packet.side])
        return None
