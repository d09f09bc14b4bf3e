"""A share of the client's packets to listed prefixes is lost, whatever they carry; the server's all arrive.

RU since 2026-02-10, Telegram's prefixes: media slow, text late, tricks with names of no use; the share is not published
(Waujito/youtubeUnblock issue 361, telegramdesktop/tdesktop issue 30274).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.loss import Losses
from harness.lab.censor.packet import CLIENT, INTERNET, SYN, Packet
from harness.lab.censor.scope import sent_by
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The prefixes, and how much is lost."""

    loss: params.Share = 0.4
    burst: float = 0.0  # mean length of a run of losses; 0: losses that know nothing of each other
    of: params.Side = "client"
    handshakes: bool = True  # SYNs are lost like all else; each costs its sender a second


class SubnetLoss(Watch[Params]):
    """A fate for each packet."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        loss, burst = self.params.loss, self.params.burst
        self._losses = {
            side: Losses(loss, burst, lambda *parts, side=side: rule.chance(flow, side, *parts))
            for side in (CLIENT, INTERNET)
        }

    def see(self, packet: Packet) -> Packet | None:
        """The packet, unless it is one of those that are lost."""
        if not sent_by(packet, self.params.of) or (packet.flags & SYN and not self.params.handshakes):
            return packet
        if not self._losses[packet.side].strikes():
            return packet
        self.note("lose", loss=self.params.loss)
        return None
