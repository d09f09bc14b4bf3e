"""SSH is for typing: who carries more by it than a rate loses the whole server for about an hour.

CN, one provider, 2018: an SSH tunnel above some 50 KB/s had its address blocked for about an hour (googlehosts/hosts
issue 169, users' reports). A tunnel that stays below the rate passes; another port of the same server does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.chosen import OPENINGS
from harness.lab.censor.packet import TCP, Packet
from harness.lab.censor.scope import sent_by
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """The rate, over which time it is measured, and what is lost once it is exceeded."""

    rate: params.Rate = 400_000.0  # bits a second of payload
    over: params.Seconds = 5.0  # the rate is a mean over so long, so that short bursts pass
    of: params.Side = "both"  # whose payload counts
    residual: params.Residual | None = field(default_factory=lambda: params.Residual(key="host", seconds=3600.0))


class SshRate(Watch[Params]):
    """Knows SSH by its first line, and counts what it carries."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._known = False
        self._since = engine.now
        self._carried = 0
        self.done = flow.proto != TCP  # of other flows only those to a lost server are held

    def see(self, packet: Packet) -> Packet | None:
        """The packet, while the flow stays below the rate."""
        if self.done or packet.end == packet.body:
            return packet
        if not self._known:
            self._known = OPENINGS["ssh"](packet.payload)
            self.done = not self._known
            return packet
        if not self._exceeds(packet):
            return packet
        self.log("match", what="ssh", bytes=self._carried)
        return self.condemned(packet)

    def _exceeds(self, packet: Packet) -> bool:
        now, params_ = self.engine.now, self.params
        if now - self._since >= params_.over:
            self._since, self._carried = now, 0
        if sent_by(packet, params_.of):
            self._carried += packet.end - packet.body
        return self._carried * 8 > params_.rate * params_.over
