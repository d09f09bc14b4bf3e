"""Every connection to port 443 is reset as it begins: three RST+ACK for a SYN, and three for a SYN+ACK.

CN 2025-08-20, 00:34 to 01:48: ports 22, 80 and 8443 stayed free; the windows grew by one from each reset to the next,
1980 and more for a SYN, 3293 and more for a SYN+ACK. A SYN from outside brought nothing (gfw.report, "Analysis of the
GFW's Unconditional Port 443 Block on August 20, 2025").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from harness.lab.censor import params
from harness.lab.censor.packet import ACK, CLIENT, SYN, Packet
from harness.lab.censor.watch import Watch

AFTER_SYN = params.Reset(to="client", count=3, ttl=101, window=1980, grow=1)
AFTER_ANSWER = params.Reset(to="client", count=3, ttl=57, window=3293, grow=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """The port, and what each side's resets look like; they go to whoever opened."""

    NESTED: ClassVar[Mapping[str, type[params.Checked]]] = {**params.Params.NESTED, "answered": params.Reset}

    ports: tuple[params.Port, ...] = (443,)
    direction: params.Direction = "both"
    reset: params.Reset = AFTER_SYN
    answered: params.Reset = AFTER_ANSWER


class PortReset(Watch[Params]):
    """Stands beside the path: all packets pass."""

    PROTOCOLS = ("tcp",)

    def see(self, packet: Packet) -> Packet | None:
        """The packet, with resets for the opener behind a handshake's."""
        kind = packet.flags & (SYN | ACK)
        if kind == SYN and packet.side == CLIENT:
            self._to_opener(packet, self.params.reset)
        elif kind == SYN | ACK:
            self._to_opener(packet, self.params.answered)
        return packet

    def _to_opener(self, packet: Packet, shape: params.Reset) -> None:
        side: params.Side = "client" if self.flow.opener == CLIENT else "server"
        self.reset(packet, replace(shape, to=side), taken=True)
