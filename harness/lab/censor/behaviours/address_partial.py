"""Silence towards some addresses of a service, and not towards the others: it looks flaky.

MM 2021: 157.240.15.36 silent and 31.13.82.36 open within one provider (Padmanabhan 2021). Whoever tries every address
of a name gets through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.draw import draw
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The service's prefixes, and the share of their addresses that is on the list."""

    share: params.Share = 0.5  # drawn for each address, once for all time
    direction: params.Direction = "both"


class Partial(Watch[Params]):
    """Lets everything to an address on the list vanish."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self.done = draw(rule.seed, rule.index, int.from_bytes(flow.far, "big")) >= self.params.share

    def see(self, packet: Packet) -> Packet | None:
        """Nothing, unless the address is not on the list."""
        return packet if self.done else self.silence(packet, "both")
