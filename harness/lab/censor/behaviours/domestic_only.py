"""The border is shut: home answers, and of what goes abroad next to nothing passes.

IR 2025-06, 2026-01 and 2026-02: routes stay announced and 97 to 98 % of the traffic abroad is dropped, for days to
months; DNS over UDP/53 was now and then the only survivor (circumvention corpus 2026, "stealth blackout"). A tunnel in
DNS gets through where it survives; none over TCP does, whatever its looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.packet import UDP, Packet
from harness.lab.censor.watch import Watch

DROPPED = 0.975  # share of the flows
_DNS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Allowing):
    """What lies at home is allowed; and what of abroad survives beside what chance leaves."""

    direction: params.Direction = "both"
    probability: params.Share = DROPPED
    dns: params.Share = 0.0  # share of the flows over UDP/53 that survive


class DomesticOnly(Watch[Params]):
    """Lets everything abroad vanish."""

    def see(self, packet: Packet) -> Packet | None:
        """Nothing, unless it is DNS, and DNS survives."""
        if self._survives():
            self.done = True
            return packet
        self.note("drop")
        return None

    def _survives(self) -> bool:
        flow = self.flow
        return flow.proto == UDP and flow.fport == _DNS and self.rule.chance(flow, _DNS) < self.params.dns
