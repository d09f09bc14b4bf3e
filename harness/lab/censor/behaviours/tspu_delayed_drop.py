"""After a listed name a few more packets pass, then silence both ways: the handshake may end, and then nothing comes.

TSPU's second type, RU 2022: 5 to 8 packets, then 420 s (Xue 2022, "TSPU", IMC, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.hello import Hello
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HelloWatch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

REMEMBERED = params.Residual(key="4tuple", seconds=420.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Telling):
    """How many packets pass behind the hello, both directions counted: drawn for each flow."""

    least: int = 5
    most: int = 8
    reassembly: params.Reassembly = "none"  # a hello in pieces defeated it then
    residual: params.Residual | None = REMEMBERED


class DelayedDrop(HelloWatch[Params]):
    """Counts down from the hello on."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._left: int | None = None

    def see(self, packet: Packet) -> Packet | None:
        """Looks for the hello, and then lets through what is left."""
        if self._left is None:
            return super().see(packet)
        if self._left:
            self._left -= 1
            return packet
        self._left = None
        return self.condemned(packet)

    def matched(self, packet: Packet, hello: Hello) -> Packet | None:
        """Lets the hello through, and draws how many may follow."""
        span = self.params.most - self.params.least + 1
        self._left = self.params.least + int(span * self.rule.chance(self.flow, 1))
        return packet
