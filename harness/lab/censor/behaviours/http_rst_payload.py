"""A reset with a payload of zeros, once two packets of the client's were seen and one of them shows a listed Host.

Tajikistan, any port: RST+ACK with 22 zero bytes; two PSH+ACK with the Host set it off without any handshake (Nourin
2023, "Detecting Network Interference Without Endpoint Participation"). That a SYN counts as the first of the two, so
that the first request of an ordinary connection meets it too, is our reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.behaviours import http_reset
from harness.lab.censor.packet import SYN, Packet

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

ZEROS = params.Reset(to="client", payload="00" * 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_reset.Params):
    """As `http_reset`, and how many packets must have been seen."""

    reset: params.Reset = ZEROS
    after: int = 2  # of the opener's, SYN or with data, the one with the Host among them


class RstPayload(http_reset.HttpReset[Params]):
    """Counts the opener's packets."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._seen = 0

    def see(self, packet: Packet) -> Packet | None:
        """Counts, then looks as the others do."""
        if packet.side == self.flow.opener and (packet.flags & SYN or packet.end > packet.body):
            self._seen += 1
        return super().see(packet)

    def matched(self, packet: Packet, name: str) -> Packet | None:
        """Nothing as long as too little was seen."""
        return super().matched(packet, name) if self._seen >= self.params.after else packet
