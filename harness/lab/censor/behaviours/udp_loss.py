"""Datagrams are lost, in bursts, and come late: a call connects, and crackles.

RU since 2025-08, relays of Telegram (596 to 599, 1400) and WhatsApp (3478 to 3497), text untouched
(Waujito/youtubeUnblock issue 269, Flowseal/zapret-discord-youtube issue 4580); in cycles of ten seconds for Discord in
2026 (Flowseal/zapret-discord-youtube issue 12514).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.loss import Delays, Losses
from harness.lab.censor.packet import CLIENT, INTERNET, Packet
from harness.lab.censor.scope import sent_by
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What befalls each datagram; each way by itself."""

    loss: params.Share = 0.0
    burst: float = 0.0  # mean length of a run of losses; 0: losses that know nothing of each other
    delay: params.Seconds = 0.0
    jitter: params.Seconds = 0.0  # as RFC 3550 sees it: the mean difference between neighbours
    reorder: bool = True  # without, nobody overtakes, and jitter cannot exceed twice the time between datagrams
    of: params.Side = "both"  # whose datagrams
    every: params.Seconds = 0.0  # losses come in spells, one each so many seconds of the flow; 0: always
    lasting: params.Seconds = 0.0  # of a spell


class UdpLoss(Watch[Params]):
    """A fate for each datagram."""

    PROTOCOLS = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._began = engine.now
        self._losses = {side: self._lost(side) for side in (CLIENT, INTERNET)}
        self._delays = {side: self._late(side) for side in (CLIENT, INTERNET)}
        self._last = {CLIENT: 0.0, INTERNET: 0.0}

    def _lost(self, side: int) -> Losses:
        return Losses(self.params.loss, self.params.burst, lambda *parts: self.rule.chance(self.flow, side, *parts))

    def _late(self, side: int) -> Delays:
        return Delays(self.params.delay, self.params.jitter, lambda *parts: self.rule.chance(self.flow, side, *parts))

    def see(self, packet: Packet) -> Packet | None:
        """The datagram at once, later, or not at all."""
        if not sent_by(packet, self.params.of):
            return packet
        if self._in_spell() and self._losses[packet.side].strikes():
            self.note("lose", loss=self.params.loss)
            return None
        late = self._delays[packet.side].next()
        if not late:
            return packet
        self._postpone(packet, late)
        return None

    def _in_spell(self) -> bool:
        every = self.params.every
        return not every or (self.engine.now - self._began) % every < self.params.lasting

    def _postpone(self, packet: Packet, late: float) -> None:
        arrival = self.engine.now + late
        if not self.params.reorder:
            arrival = self._last[packet.side] = max(arrival, self._last[packet.side])
        self.note("delay", delay=self.params.delay, jitter=self.params.jitter)
        self.engine.hold(self, packet, arrival)
